#!/bin/bash
# Looks for what gpk and the utilities need of the image, and prints `missing WHAT` for each thing that is not there, then
# `release` and `catalogue` with what the database says of itself, `refused NAME MESSAGE` for each server setting that it would not start
# with, and `end`. Instead of a locale that is not there it prints `locales NAME...`, those that the databases could have.
# The answer has room in the 4096 bytes that a kubelet keeps of a pod's last words: messages are cut, and of what does not fit
# there is `refused NAME` only, and of what does not fit then `unlisted COUNT`.
#   image.sh LOCALE [NAME=VALUE...]     with the locale and the settings that the instances are to have
set -u
# shellcheck source=SCRIPTDIR/env.sh
. /gpk/scripts/env.sh
locale=$1
shift

has() { command -v "$1" >/dev/null 2>&1; }
need() { has "$1" || echo "missing $1"; }

for program in ssh rsync ping ps which hostname getent setsid flock timeout xargs tar grep sed awk find locale sha256sum; do
  need "$program"
done
# The scripts read lists that end in zero bytes (mapfile -d).
((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 404)) || echo "missing bash 4.4 or later"
has sshd || [ -x /usr/sbin/sshd ] || echo "missing sshd"
has netstat || has ss || echo "missing netstat or ss"
for program in postgres psql pg_ctl pg_isready pg_basebackup; do
  need "$program"
done

# imports tells what a utility imports in vain, such as a module that later versions of Python have not. It runs nothing else of it.
imports() {
  local said
  # What it tries to import and does without is not missing. Other errors than that of an import depend on where it runs.
  said=$(HOME=/tmp "${@:3}" -c '
import ast, os, sys
sys.path[0], its = os.path.dirname(sys.argv[1]), {"__name__": "its"}
def ends(node):
    for part in ast.walk(node):
        if isinstance(part, ast.Raise) or isinstance(part, ast.Attribute) and part.attr == "exit":
            return True
def needed(node):
    tried = type(node).__name__.startswith("Try") and any(ends(handler) for handler in getattr(node, "handlers", []))
    return [node] + (node.body if tried else [])
for node in ast.parse(open(sys.argv[1], "rb").read()).body:
    for part in needed(node):
        if isinstance(part, (ast.Import, ast.ImportFrom)):
            try:
                exec(compile(ast.Interactive([part]), sys.argv[1], "single"), its)
            except ImportError:
                sys.exit("cannot import: %s" % sys.exc_info()[1])
            except Exception:
                pass
' "$2" 2>&1 </dev/null) || [[ $said != *"cannot import: "* ]] ||
    echo "missing a module of Python, which $1 imports: $(tail -n 1 <<<"${said##*cannot import: }" | cut -c 1-200)"
}

# A utility is worth nothing without what runs it: bash, Python, or nothing for a binary.
for utility in gpinitsystem gpinitstandby gpstart gpstop; do
  path=$(command -v "$utility") || { echo "missing $utility"; continue; }
  [ "$(head -c 2 "$path" | tr -d '\0')" = '#!' ] || continue
  IFS=' ' read -r interpreter argument _ < <(head -n 1 "$path" | cut -c 3- | sed 's/^ *//')
  case $interpreter in
    */env) has "$argument" || { echo "missing $argument, which runs $utility"; continue; } ;;
    *) [ -x "$interpreter" ] || { echo "missing $interpreter, which runs $utility"; continue; } ;;
  esac
  [[ "$interpreter $argument" != *python* ]] || imports "$utility" "$path" "$interpreter" ${argument:+"$argument"}
done

# locale -a has its own way of writing UTF-8.
plain() { tr -d '-' | tr '[:upper:]' '[:lower:]'; }
lacks() {
  local found
  found=$(locale -a 2>/dev/null | grep -iE '\.utf-?8' | head -n 20 | xargs)
  echo "missing the locale $1"
  # Whole names of the first few.
  [ ${#found} -le 300 ] || { found=${found:0:300}; found=${found% *}; }
  echo "locales C $found"
}
case $locale in
  C | POSIX) ;;
  *)
    if ! locale -a 2>/dev/null | plain | grep -qxF "$(plain <<<"$locale")"; then
      lacks "$locale"
    else
      # gpinitsystem is asked for UTF-8, and initdb refuses a locale of another codeset.
      charmap=$(LC_ALL=$locale locale charmap 2>/dev/null)
      [ "$charmap" = UTF-8 ] || lacks "$locale in UTF-8, which is in $charmap there"
    fi
    ;;
esac

# refused prints what has room: lengths are in bytes.
messages=1600 names=600 unlisted=0
refused() {
  local LC_ALL=C line="refused $1 ${2:0:500}"
  if [ ${#line} -le $messages ]; then
    echo "$line"
    messages=$((messages - ${#line} - 1))
  elif line="refused $1"; [ ${#line} -le $names ]; then
    echo "$line"
    names=$((names - ${#line} - 1))
  else
    unlisted=$((unlisted + 1))
  fi
}

if has postgres; then
  echo "release $(postgres --gp-version 2>&1 | head -n 1 | cut -b 1-200)"
  echo "catalogue $(postgres --catalog-version 2>&1 | head -n 1 | cut -b 1-200)"
  # Any folder with a file of settings will do, before there is an instance.
  folder=$(mktemp -d) && : >"$folder/postgresql.conf"
  # The server takes its options in their order, and a statement_mem only that is below the maximum by then.
  most=()
  for setting; do
    case ${setting,,} in max_statement_mem=*) most=(-c "$setting") ;; esac
  done
  for setting; do
    said=$(postgres -D "$folder" -C "${setting%%=*}" "${most[@]}" -c "$setting" 2>&1 >/dev/null) ||
      refused "${setting%%=*}" "$(grep -m 1 FATAL <<<"$said" || head -n 1 <<<"$said")"
  done
  [ $unlisted = 0 ] || echo "unlisted $unlisted"
  rm -rf "$folder"
fi
echo end
