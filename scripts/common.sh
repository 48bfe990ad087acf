# Shared by the scripts of this folder that measure or need a Python: sourced, not run.

say() { printf '%s\n' "$*" >&2; }

fail() { # CODE MESSAGE [CURE...]
    local code=$1 line
    printf 'error: %s\n' "$2" >&2
    shift 2
    for line in "$@"; do printf '       %s\n' "$line" >&2; done
    exit "$code"
}

need_count() { # OPTION VALUE LEAST
    case $2 in
        '' | *[!0-9]* | 0*) fail 2 "$1 needs a whole number from $3, not '$2'" ;;
    esac
    [ "$2" -ge "$3" ] || fail 2 "$1 needs a whole number from $3, not '$2'"
}

need_word() { # OPTION VALUE WORD...
    local option=$1 value=$2 word
    shift 2
    for word in "$@"; do
        [ "$value" != "$word" ] || return 0
    done
    fail 2 "$option knows $(printf '%s, ' "$@" | sed 's/, $//'), not '$value'"
}

need_new_file() { # OPTION FILE
    [ -n "$2" ] || fail 2 "$1 needs the name of a file"
    [ ! -d "$2" ] || fail 2 "$1: $2 is a folder"
    [ -w "$(dirname "$2")" ] || fail 2 "$1: no file can be written in $(dirname "$2")"
}

need_python3() {
    command -v python3 >/dev/null || fail 3 "python3 is missing"
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail 3 "$(python3 --version) is too old; 3.11 is needed"
}

cache=${XDG_CACHE_HOME:-$HOME/.cache}/pooling-study

# Sets `python` to one that has what REQUIREMENTS lists: the one that the variable VARIABLE names, or a virtual
# environment NAME in the user's cache. The stamp in it is a copy of the requirements that were installed: when they
# change, pip runs again. IMPORTS is a line of Python that must work; its output is left in `found`.
need_python() { # VARIABLE NAME REQUIREMENTS IMPORTS
    local variable=$1 venv=$cache/$2 requirements=$3 imports=$4 messages
    python=${!variable:-}
    if [ -z "$python" ]; then
        python=$venv/bin/python
        cmp -s "$requirements" "$venv/requirements.stamp" || install_python "$variable" "$venv" "$requirements"
    fi
    # Shown only when it fails: some packages are talkative.
    messages=$(mktemp)
    if ! found=$(CUDA_VISIBLE_DEVICES='' "$python" -c "$imports" 2>"$messages"); then
        cat "$messages" >&2
        rm -f "$messages"
        fail 3 "$python lacks something (its message is above)" \
            "if it is yours: $python -m pip install --requirement $requirements" \
            "if this script has made it: remove $venv and run this again"
    fi
    rm -f "$messages"
}

install_python() { # VARIABLE VENV REQUIREMENTS
    local variable=$1 venv=$2 requirements=$3
    command -v python3 >/dev/null || fail 3 "python3 is missing" "or name a Python that has it all: $variable=PATH"
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail 3 "$(python3 --version) is too old; the packages as pinned here need 3.11" \
            "or name a Python that has them: $variable=PATH"
    say "installing $(paste -s -d ' ' "$requirements") into $venv"
    "$python" -m pip --version >/dev/null 2>&1 || python3 -m venv "$venv" ||
        fail 3 "python3 cannot make a virtual environment in $venv (its message is above)" \
            "on Debian and Ubuntu: apt-get install python3-venv"
    "$python" -m pip install --quiet --progress-bar on --disable-pip-version-check --requirement "$requirements" >&2 ||
        fail 3 "pip could not install the packages (its message is above); run this again to go on" \
            "or name a Python that has them: $variable=PATH"
    cp "$requirements" "$venv/requirements.stamp"
}

# Sets `pool_cli` to the program that POOL_CLI names, or to the release build, built if it is missing.
find_pool_cli() { # REPOSITORY
    find_program "$1" POOL_CLI pool-cli
    pool_cli=$program
    [ -n "${POOL_CLI:-}" ] || [ -x "$pool_cli" ] || build_program "$1" POOL_CLI pool-cli -p pool-cli
}

# Sets `program` to the one that VARIABLE names, or to the release build NAME, which `cargo build` with these ARGUMENTS
# makes or brings up to date.
find_current_program() { # REPOSITORY VARIABLE NAME ARGUMENTS...
    find_program "$1" "$2" "$3"
    [ -n "${!2:-}" ] || build_program "$@"
}

find_program() { # REPOSITORY VARIABLE NAME
    program=${!2:-}
    if [ -z "$program" ]; then
        program=${CARGO_TARGET_DIR:-$1/target}/release/$3
        return
    fi
    command -v "$program" >/dev/null || fail 3 "$2 is $program, which is no program"
}

build_program() { # REPOSITORY VARIABLE NAME ARGUMENTS...
    local root=$1 variable=$2 name=$3
    shift 3
    say "building $program"
    (cd "$root" && cargo build --release "$@" >&2) ||
        fail 3 "$name could not be built (cargo's message is above)" "if libtorch is missing: scripts/setup"
    [ -x "$program" ] || fail 3 "cargo has built $name, but not as $program" "name it: $variable=PATH"
}
