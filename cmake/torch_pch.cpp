// Carries the precompiled header; a library needs one source.
namespace everform {
extern const int torch_pch_version;
const int torch_pch_version = 1;
}  // namespace everform
