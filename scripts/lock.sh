#!/usr/bin/env bash
# Write the locks under requirements/ anew: pinned, with the hashes of every wheel, with no index address in them.
# The oldest supported Python does it, so that what only older versions need is in the locks too.
# usage: scripts/lock.sh [PIP-COMPILE]
set -euo pipefail
cd "$(dirname "$0")/.."
compile=${1:-.venv/bin/pip-compile}
flags=(--quiet --upgrade --generate-hashes --strip-extras --allow-unsafe --no-header --no-emit-options
       --no-emit-index-url --no-emit-trusted-host --no-emit-find-links)

"$compile" "${flags[@]}" --extra audit --all-build-deps --output-file requirements/audit.txt pyproject.toml
"$compile" "${flags[@]}" --extra audit --extra dev --constraint requirements/audit.txt --output-file requirements/dev.txt pyproject.toml
"$compile" "${flags[@]}" --extra docs --constraint requirements/dev.txt --output-file requirements/docs.txt pyproject.toml

if grep -nEi '://|--(index|extra|find|trusted)|WARNING' requirements/*.txt; then
    echo "lock.sh: the lines above name an address or lack a hash: a lock must not" >&2
    exit 1
fi
