#!/bin/bash
# Connects its standard input and output with a port that this pod reaches, for gpk, which may well not reach it.
#   connect.sh HOST PORT    prints `connected`, and then what comes from there
set -u
exec 3<>"/dev/tcp/$1/$2" || exit 1
echo connected
# The first direction that ends, ends the other one.
{ cat <&3; kill $$ 2>/dev/null; } &
reader=$!
cat >&3
kill "$reader" 2>/dev/null
