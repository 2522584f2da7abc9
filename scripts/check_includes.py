#!/usr/bin/env python3
"""Holds the one-way order of the rooms: who may include whom, and no torch outside the workbench."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent / "src" / "everform"

# A room may include itself and the rooms listed, by path prefix below src/everform.
CORE = ["core/base", "core/recipes", "core/io", "core/text", "core/decoding"]
ALLOWED = {
    "core/base": [],
    "core/recipes": CORE[:1],
    "core/io": CORE[:2],
    "core/text": CORE[:3],
    "core/decoding/kernels": CORE[:3],
    "core/decoding": CORE[:4],
    "core/server": CORE,
    "domains": CORE,
    "workbench/layers": CORE,
    "workbench/models": CORE + ["workbench/layers"],
    "workbench/objectives": CORE + ["workbench/layers", "workbench/models"],
    "workbench/sampling": CORE + ["workbench/layers", "workbench/models"],
    "workbench/training": CORE + ["workbench/layers", "workbench/models", "workbench/objectives", "workbench/sampling"],
    "workbench/evaluation": CORE
    + ["workbench/layers", "workbench/models", "workbench/objectives", "workbench/sampling", "workbench/training"],
    "workbench/adaptation": CORE
    + ["workbench/layers", "workbench/models", "workbench/objectives", "workbench/sampling", "workbench/training"],
    "systems": CORE + ["domains", "workbench"],
    "cli": CORE + ["core/server", "domains", "workbench", "systems"],
}
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')
TORCH = re.compile(r"^(torch|ATen|c10|caffe2)/")


def room_of(path: str) -> str | None:
    fits = [room for room in ALLOWED if path == room or path.startswith(room + "/")]
    return max(fits, key=len) if fits else None


def torch_allowed(path: str) -> bool:
    name = path.rsplit("/", 1)[-1]
    if path.startswith("workbench/") or path == "cli/main_workbench.cpp" or name.startswith("workbench_"):
        return True
    return path.startswith("systems/") and not name.startswith("card") and path.count("/") > 1


def check() -> list[str]:
    faults = []
    for file in sorted(ROOT.rglob("*")):
        if file.suffix not in (".h", ".cpp", ".in"):
            continue
        path = file.relative_to(ROOT).as_posix()
        room = room_of(path)
        if room is None:
            faults.append(f"{path}: stands in no known room")
            continue
        for number, line in enumerate(file.read_text().splitlines(), 1):
            found = INCLUDE.match(line)
            if not found:
                continue
            target = found.group(1)
            if TORCH.match(target) and not torch_allowed(path):
                faults.append(f"{path}:{number}: includes {target}: no torch here")
            if not target.startswith("everform/"):
                continue
            target = target[len("everform/"):]
            own_domain = path.startswith("domains/") and target.startswith("/".join(path.split("/")[:2]) + "/")
            if target.startswith(room + "/") and not path.startswith("domains/") or own_domain:
                continue
            if not any(target.startswith(allowed + "/") for allowed in ALLOWED[room]):
                faults.append(f"{path}:{number}: includes {target}: {room} may not")
    return faults


if __name__ == "__main__":
    problems = check()
    print("\n".join(problems) if problems else "includes: one way everywhere")
    sys.exit(1 if problems else 0)
