#!/bin/sh
# Print the newest Python here that can run Counterseal, or say what is missing.
# A name on the PATH is not enough: version managers put names there that answer "not installed".
for name in ${PYTHON:-} python3.13 python3.12 python3.11 python3 python; do
    if "$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
        command -v "$name"
        exit 0
    fi
done
echo "Counterseal needs Python 3.11 or newer with its venv module, and none was found." >&2
echo "Install one (Debian, Ubuntu: apt-get install python3 python3-venv; macOS: brew install python), or name it: make PYTHON=/path/to/python3 demo" >&2
exit 2
