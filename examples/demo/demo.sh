#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# demo.sh FOLDER: the demo, with the programs that were built into FOLDER.
set -euo pipefail
[[ $# -eq 1 ]] || { echo "usage: demo.sh FOLDER-OF-PROGRAMS" >&2; exit 64; }
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
exec "$1/ringside-demo" "$1" "$here/../samples/lighthouse.chunks.txt"
