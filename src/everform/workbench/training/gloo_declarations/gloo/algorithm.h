// libtorch carries Gloo but not its headers, which c10d's ProcessGroupGloo.hpp includes. These files declare
// the little of it that the header names; nothing here is called or derived from, so that only names and the
// store's interface have to agree.
#pragma once
