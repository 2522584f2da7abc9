// One generation of a cellular automaton: the exact answer that models are held to.
#pragma once

#include <vector>

#include "everform/domains/automata/grid.h"
#include "everform/domains/automata/rule.h"

namespace everform {

/// What lies beyond the border: the opposite side, or dead cells.
enum class Edge { kTorus, kDead };

/// "torus", "dead". Throws Error{kUsage} for another word.
Edge parse_edge(const std::string& text);

/// The next generation, 64 cells at a time. Neighbours are the eight places of a Moore neighbourhood of
/// radius 1, wrapped one by one: on a torus of width 1 or 2 a cell counts once for each place where it is
/// met, as LifeGPT's data have it.
Grid step(const Grid& grid, const Rule& rule = {}, Edge edge = Edge::kTorus);

/// The same, cell by cell: the plain reference.
Grid step_reference(const Grid& grid, const Rule& rule = {}, Edge edge = Edge::kTorus);

/// The start and `generations` generations after it.
std::vector<Grid> orbit(const Grid& start, std::int64_t generations, const Rule& rule = {},
                        Edge edge = Edge::kTorus);

}  // namespace everform
