#!/bin/sh
# A stand-in for a coding agent: it works through the tasks it was given, as an agent would, and writes one small
# file for each. It needs no key, no network and nothing but a POSIX shell and git.
#
#   SCRIPTED_AGENT_DELAY    seconds of work on one task (default 0.2)
#   SCRIPTED_AGENT_FOLDER   folder for the files it writes (default src)
set -eu

delay=${SCRIPTED_AGENT_DELAY:-0.2}
folder=${SCRIPTED_AGENT_FOLDER:-src}/$ORCH_PLAN

# The open tasks and VERIFY blocks of the phases in ORCH_PHASE ("1,2"), as lines of an id and a title.
open_tasks() {
    sed -n -e 's/^[[:space:]]*- \[ \] \([0-9][0-9]*\.[0-9][0-9]*\)[[:space:]][[:space:]]*\(.*\)$/\1 \2/p' \
        -e 's/^\*\*VERIFY Phase \([0-9][0-9]*\):\*\*.*$/\1.verify look at what was made/p' \
        "$ORCH_PLAN_FILE" | while read -r id title; do
        case ",$ORCH_PHASE," in
        *",${id%%.*},"*) is_done "$id" || printf '%s %s\n' "$id" "$title" ;;
        esac
    done
}

# Whether an earlier attempt has reported the task as done or skipped.
is_done() {
    [ -f "$ORCH_STATUS_FILE" ] &&
        tr -d ' \t\n' <"$ORCH_STATUS_FILE" |
        grep -Eq "\"$(printf %s "$1" | sed 's/\./\\./')\":\{[^}]*\"state\":\"(done|skipped)\""
}

# What was made is looked at, and nothing is made.
check() {
    sleep "$delay"
    orch task done "$1"
}

work_on() {
    file=$folder/task_$(printf %s "$1" | tr . _).txt
    orch task start "$1"
    sleep "$delay"
    mkdir -p "$folder"
    printf '%s %s\n' "$1" "$2" >"$file"
    git add -- "$file"
    # Nothing to commit means that an earlier attempt got this far.
    git diff --cached --quiet -- "$file" || git commit --quiet -m "$ORCH_PLAN $1: $2"
    orch task done "$1"
}

[ -r "$ORCH_PLAN_FILE" ] || {
    echo "cannot read the plan $ORCH_PLAN_FILE" >&2
    exit 1
}
echo "plan $ORCH_PLAN, phases $ORCH_PHASE, attempt $ORCH_ATTEMPT"
open_tasks | while read -r id title; do
    echo "task $id: $title"
    # Only the loop reads the list of tasks.
    case $id in
    *.verify) check "$id" </dev/null ;;
    *) work_on "$id" "$title" </dev/null ;;
    esac
done
