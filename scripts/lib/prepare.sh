# shellcheck shell=bash
# Sourced by the scripts that a person types. It only finds a Python; prepare.py does the rest.

umask u+rwx
# A closed standard input would give its number to the next file that is opened.
[[ -e /proc/self/fd/0 ]] || exec </dev/null
# Both would reach the virtual environment's Python and show it other people's packages.
unset PYTHONPATH PYTHONHOME
# gdb warns where there is none, as under some service managers; bash knows it all the same.
export HOME=${HOME:-~}

root=$(dirname -- "$(dirname -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")")")

is_python() {
    "$1" -I -c 'import sys; sys.exit(sys.version_info < (3, 11))' </dev/null >/dev/null 2>&1
}

choose_python() {
    if [[ -n ${PYTHON:-} ]]; then
        is_python "$PYTHON" && echo "$PYTHON" && return
        echo "soclet: PYTHON is '$PYTHON', which is not a Python 3.11 or later" >&2
        return 1
    fi
    local candidate
    # The environment's own Python comes last: it does when it was made with PYTHON=….
    for candidate in python3 python3.{29..11} "$root/.venv/bin/python"; do
        is_python "$candidate" && echo "$candidate" && return
    done
    echo "soclet: no Python 3.11 or later found; install python3, or set PYTHON to one" >&2
    return 1
}

# Makes the environment and the tools, and puts them on PATH.
prepare() {
    local python tools
    python=$(choose_python) || return
    tools=$("$python" -I "$root/scripts/lib/prepare.py") || return
    # What the system has wins over what was unpacked, so the unpacked tools come last.
    export PATH="$root/.venv/bin:$PATH:$tools"
}
