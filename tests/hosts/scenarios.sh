# Sourced by run: the tests. Each answers 0 if it passed, prints what went wrong if not, and has a root of its own.

# check WHAT TEST ARGUMENT...
check() {
    what=$1
    shift
    root=$(mktemp -d "$place/root.XXXXXX")
    # What a test says goes into a file, so that it runs in this shell, which knows what was started.
    if "$@" >"$place/said" 2>"$place/told"; then
        passed=$((passed + 1))
        echo "ok: $what"
    elif [ "$(head -c 8 "$place/said")" = 'skipped:' ]; then
        skipped=$((skipped + 1))
        echo "skipped: $what, because$(sed 's/^skipped://' "$place/said")"
    else
        failed=$((failed + 1))
        echo "FAILED: $what"
        head -n 20 "$place/said" | sed 's/^/    /'
        tail -n 20 "$place/told" | sed 's/^/    /'
    fi
}

# begin OUT RUNTIME VERB ARGUMENT...: in the background.
begin() {
    out=$1
    shift
    runtime=$1
    shift
    : >"$out"
    act "$runtime" "$root" "$@" >>"$out" &
    last=$!
    started="$started $last"
}

# Waits for what was begun; fails if any of it did.
finish() {
    fault=0
    for pid in "$@"; do
        wait "$pid" || fault=1
    done
    return $fault
}

command_in() {
    "$leasehold" --root "$root" "$@"
}

# same WHAT LEFT RIGHT
same() {
    [ "$2" = "$3" ] && return 0
    echo "$1: '$2' is not '$3'"
    return 1
}

counts() {
    command_in queue status "$1" --json |
        sed 's/.*"ready":\([0-9]*\).*"delayed":\([0-9]*\).*"claimed":\([0-9]*\).*"dead":\([0-9]*\).*/\1 \2 \3 \4/'
}

# walks RUNTIME STORE: each step is told in a file, what the command says to it as well.
walks() {
    said=$(act "$1" "$root" walk "$here/walks/$2.json" "$leasehold" "$root")
    of=$(grep -c '^ *\["' "$here/walks/$2.json")
    same 'steps as told' "$said" "$of of $of"
}

# No function of the contract is left out of the walks; those of resources go by what they are called on.
walks_call_every_function() {
    called=0
    for interface in holders queues leases checkpoints tasks jobs maintenance; do
        wit=$here/../../wit/$interface.wit
        for function in $(sed -n 's/^ *%\{0,1\}\([a-z-]*\): \(static \)\{0,1\}func(.*/\1/p' "$wit"); do
            method=$(echo "$function" | tr - _)
            grep -q "\"\($interface\|queue\|holder\|\$[a-z]*\)\", \"$method\"" "$here/walks/"*.json ||
                { echo "$interface.$function is called by no walk"; return 1; }
            called=$((called + 1))
        done
    done
    [ "$called" -gt 60 ] || { echo "only $called functions were found"; return 1; }
}

# fenced LANGUAGE: what the page shows in it.
fenced() {
    sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/{/^\`\`\`/!p}" "$here/../../docs/hosts.md"
}

# The program that the page shows prints what the page says.
runs_as_the_page_says() {
    case $1 in
        python)
            fenced python >"$place/page.py"
            PYTHONPATH=$here/python timeout 120 "$target/python/bin/python" "$place/page.py" "$component" "$root"
            ;;
        node)
            # Beside what it imports.
            fenced js >"$target/node/page.mjs"
            timeout 120 node "$target/node/page.mjs" "$target/node/component/leasehold.js" "$root"
            ;;
    esac >"$place/printed" || return 1
    fenced text >"$place/page"
    [ "$(wc -l <"$place/page")" -ge 20 ] || { echo 'the page shows next to nothing'; return 1; }
    sed "s/\[ /[/g; s/ \]/]/g; s/true/True/g; s/undefined/None/g" "$place/printed" | diff "$place/page" - || return 1
    # The command finds what it left behind.
    same 'leases' "$(command_in lease ls --all | cut -f 1-3)" 'build	held	other' &&
        same 'runs' "$(command_in checkpoint ls | cut -f 1,2)" 'run	done' &&
        same 'tasks' "$(command_in task ls house | cut -f 1-5)" '1	completed	5	worker	dead
2	in-progress	5	worker	dead' && same 'jobs' "$(command_in job ls)" ''
}

needs_what_is_granted() {
    refused='not-granted not-granted not-granted not-granted not-granted'
    same 'what the stores say' "$(act "$1" "$root" ungranted)" "$refused" && same 'what was made' "$(ls "$root")" holders
}

leaves_no_handle_open() {
    [ -d /proc/self/fd ] || { echo 'skipped: there is no /proc here'; return 1; }
    same 'handles' "$(act "$1" "$root" cycle again 400)" 0
}

command_for() {
    case $1 in
        push-one) echo "queue push of $place/one --sync" ;;
        save-one) echo "checkpoint save of $place/one --sync" ;;
        list-one) echo 'task new of one --sync' ;;
    esac
}

# syncs RUNTIME VERB: the calls that wait for the disk.
syncs() {
    (
        # Through a program, since strace starts no function.
        case $1 in
            command) set -- "$leasehold" --root "$root" $(command_for "$2") ;;
            python) set -- "$target/python/bin/python" "$here/python/actor.py" "$component" "$root" "$2" of ;;
            node) set -- node "$target/node/actor.mjs" "$target/node/component/leasehold.js" "$root" "$2" of ;;
        esac
        timeout 120 strace -f -qq -e trace=fsync,fdatasync -o "$place/syncs" "$@" >&2 || exit 1
        grep -c 'sync(' "$place/syncs"
    )
}

syncs_as_the_command() {
    strace -o /dev/null true 2>/dev/null || { echo 'skipped: strace is not installed, or not allowed'; return 1; }
    printf one >"$place/one"
    for verb in push-one save-one list-one; do
        command_in $(command_for "$verb") >&2 || return 1
        wanted=$(syncs command "$verb")
        [ "$wanted" -ge 3 ] || { echo "the command waits $wanted times only for $verb"; return 1; }
        same "waits of $verb" "$(syncs "$1" "$verb")" "$wanted" || return 1
    done
}

# Nothing of it is followed, waited for or removed.
sees_damage() {
    printf one | command_in queue push sound >&2
    mkdir "$root/elsewhere"
    ln -s ../elsewhere "$root/.aristo/linked-queue"
    same 'a link for a queue' "$(act "$1" "$root" claim linked "$1")" "$(act command "$root" claim linked command)" || return 1
    same 'what it says' "$(act "$1" "$root" claim linked "$1")" 'error damaged' || return 1
    same 'what is behind the link' "$(ls -A "$root/elsewhere")" '' || return 1

    bucket=$(find "$root/.aristo/sound-queue/pending" -type f -name '*.p' -exec dirname {} \;)
    task=$(ls "$bucket")
    mkfifo "$bucket/$(echo "$task" | tr 0-9 1-90)"
    mkdir "$bucket/$(echo "$task" | tr 0-9 2-901)"
    ln -s "$task" "$bucket/$(echo "$task" | tr 0-9 3-9012)"
    same 'what is no file' "$(act "$1" "$root" claim sound "$1")" one || return 1
    same 'what is left of it' "$(ls "$bucket" | wc -l)" 3 || return 1

    echo 'leasehold queues 999' >"$root/.aristo/format"
    same 'an unknown version' "$(act "$1" "$root" claim sound "$1")" 'error unsupported'
}

# Neither is followed, read or removed.
sees_what_stands_for_a_ref() {
    command_in lease acquire some --holder some >&2 && printf x | command_in checkpoint save some >&2 &&
        command_in task new some some >&2 || return 1
    mkdir "$root/elsewhere"
    for ref in claims/lease checkpoint/run tasks/list; do ln -s ../elsewhere "$root/$ref"; done
    same 'a link' "$(act "$1" "$root" take-over taker)" 'damaged damaged damaged' || return 1
    same 'to the command' "$(act command "$root" take-over taker)" 'damaged damaged damaged' || return 1
    same 'what is behind the link' "$(ls -A "$root/elsewhere")" '' || return 1
    # Wasmtime waits for who writes to a pipe, also where it was asked for a directory.
    [ "$1" = python ] && return 0
    for ref in claims/lease checkpoint/run tasks/list; do
        rm "$root/$ref"
        mkfifo "$root/$ref"
    done
    same 'a pipe' "$(act "$1" "$root" take-over taker)" 'damaged damaged damaged' || return 1
    same 'to the command' "$(act command "$root" take-over taker)" 'damaged damaged damaged' || return 1
    same 'pipes' "$(find "$root" -type p | wc -l)" 3
}

join_one_holder() {
    pids=''
    for runtime in $actors; do
        begin "$place/epoch.$runtime" "$runtime" ensure all
        pids="$pids $last"
    done
    finish $pids || { echo 'one of them failed'; return 1; }
    for runtime in $actors; do
        same "the epoch of $runtime" "$(cat "$place/epoch.$runtime")" "$(cat "$place/epoch.command")" || return 1
    done
    same 'holders' "$(command_in holder ls | wc -l)" 1
}

# Those that are slow to begin have begun once their holder is open.
start_together() {
    tries=600
    while [ "$(command_in holder ls | wc -l)" -lt $(($(echo $actors | wc -w) - 1)) ] && [ $tries -gt 0 ]; do
        sleep 0.05
        tries=$((tries - 1))
    done
    : >"$root/start"
}

drain_together() {
    pids=''
    for runtime in $actors; do
        begin "$place/pushed.$runtime" "$runtime" push many "$runtime" 300
        pids="$pids $last"
    done
    finish $pids || { echo 'one of them failed to push'; return 1; }
    for runtime in $actors; do cat "$place/pushed.$runtime"; done | sort >"$place/pushed"
    of=$(($(echo $actors | wc -w) * 300))
    same 'pushed' "$(uniq <"$place/pushed" | wc -l)" "$of" && same 'tasks' "$(counts many)" "$of 0 0 0" || return 1

    pids=''
    for runtime in $actors; do
        begin "$place/done.$runtime" "$runtime" drain many "$runtime" "$root/start"
        pids="$pids $last"
    done
    start_together
    finish $pids || { echo 'one of them failed to work'; return 1; }
    for runtime in $actors; do
        echo "$runtime: $(wc -l <"$place/done.$runtime")"
        [ -s "$place/done.$runtime" ] || { echo "$runtime did nothing"; return 1; }
    done
    for runtime in $actors; do cut -d ' ' -f 1 "$place/done.$runtime"; done | sort >"$place/done"
    if ! cmp -s "$place/pushed" "$place/done"; then
        echo 'pushed and done differ:'
        diff "$place/pushed" "$place/done"
        return 1
    fi
    same 'tasks' "$(counts many)" '0 0 0 0' && same 'damage' "$(command_in doctor)" ''
}

recover_a_killed_worker() {
    victim=${actors#command }
    victim=${victim%% *}
    others=$(echo "$actors" | sed "s/ $victim//")
    act command "$root" push many some 240 >"$place/pushed" || return 1
    : >"$root/start"
    begin "$place/done.victim" "$victim" drain many victim "$root/start"
    killed=$last
    tries=1200
    while [ "$(wc -l <"$place/done.victim")" -lt 30 ] && [ $tries -gt 0 ]; do
        sleep 0.02
        tries=$((tries - 1))
    done
    [ $tries -gt 0 ] || { echo 'it did not get on'; return 1; }
    # The runtime is the child of `timeout`, whose pid this is.
    kill -KILL $(ps -o pid= --ppid "$killed") "$killed"
    wait "$killed" 2>/dev/null
    [ "$(wc -l <"$place/done.victim")" -lt 240 ] || { echo 'it was done before it was killed'; return 1; }

    # It would live for a minute; the others take over at once, the first of them under its name.
    pids=''
    name=victim
    for runtime in $others; do
        begin "$place/done.$runtime" "$runtime" drain many "$name" "$root/start"
        pids="$pids $last"
        name="$runtime-too"
    done
    finish $pids || { echo 'one of them failed to work'; return 1; }
    for runtime in victim $others; do cut -d ' ' -f 1 "$place/done.$runtime"; done | sort >"$place/done"
    sort "$place/pushed" | diff - "$place/done" >"$place/differ"
    # What it was killed at may have been done twice, and nothing else; nothing is missing.
    if grep -q '^<' "$place/differ" || [ "$(grep -c '^>' "$place/differ")" -gt 1 ]; then
        cat "$place/differ"
        return 1
    fi
    same 'tasks' "$(counts many)" '0 0 0 0'
}

# takes_back DEAD REAPER
takes_back() {
    act command "$root" push few some 6 >"$place/pushed" || return 1
    (act "$1" "$root" hold few dead 300 4) >"$place/held"
    same 'held' "$(wc -l <"$place/held")" 4 && same 'claimed' "$(counts few)" '2 0 4 0' || return 1
    taken=0
    tries=100
    while [ "$taken" -lt 4 ] && [ $tries -gt 0 ]; do
        sleep 0.1
        taken=$((taken + $(act "$2" "$root" reap few | wc -l)))
        tries=$((tries - 1))
    done
    same 'taken back' "$taken" 4 || return 1
    receipt=$(sed -n '1s/.* //p' "$place/held")
    same 'a late done' "$(act "$1" "$root" done few "$receipt")" 'error lost' || return 1
    claimed=$(act "$2" "$root" claim few "$2" | sort)
    same 'claimed again' "$claimed" "$(sort "$place/pushed")" || return 1
    same 'claimed' "$(counts few)" '0 0 6 0'
}

take_turns_at_a_lease() {
    pids=''
    mkdir "$root/place"
    for runtime in $actors; do
        begin "$place/turns.$runtime" "$runtime" take-turns lease "$runtime" 40 "$root/start" "$root/place"
        pids="$pids $last"
    done
    start_together
    finish $pids || { echo 'one of them failed, or was not alone'; return 1; }
    of=$(($(echo $actors | wc -w) * 40))
    same 'turns' "$(wc -l <"$root/place/tokens")" "$of" || return 1
    cut -d ' ' -f 1 "$root/place/tokens" >"$place/tokens"
    sort -n -u "$place/tokens" | cmp - "$place/tokens" ||
        { echo 'tokens do not rise:'; cat "$root/place/tokens"; return 1; }
    changes=$(cut -d ' ' -f 2 "$root/place/tokens" | uniq | wc -l)
    echo "it changed hands $changes times"
    [ "$changes" -ge 20 ] || { echo 'so seldom that they hardly met'; return 1; }
    # The command sees the last of them, and nobody who has it or waits.
    latest=$(tail -n 1 "$place/tokens")
    command_in lease show lease --json | grep "\"token\":$latest,\"holding\":null.*\"waiting\":0" ||
        { echo 'the command sees something else:'; command_in lease show lease; return 1; }
    same 'leases' "$(command_in lease ls)" '' && same 'damage' "$(command_in doctor)" ''
}

count_together() {
    printf 0 | command_in checkpoint save counter >&2 || return 1
    pids=''
    for runtime in $actors; do
        begin "$place/count.$runtime" "$runtime" count-up counter "$runtime" 60 "$root/start"
        pids="$pids $last"
    done
    start_together
    finish $pids || { echo 'one of them failed'; return 1; }
    grep -qvx 0 "$place/count."* || { echo 'they never met'; return 1; }
    same 'the count' "$(command_in checkpoint load counter)" $(($(echo $actors | wc -w) * 60)) &&
        same 'armed' "$(command_in checkpoint ls --state armed | wc -l)" 1 && same 'damage' "$(command_in doctor)" ''
}

# Each of the later half waits for one of the first.
drain_a_list_together() {
    half=40
    for number in $(seq $((2 * half))); do
        blocker=''
        [ "$number" -gt $half ] && blocker=$((number - half - 1))
        echo "{\"subject\":\"$number\"${blocker:+,\"blocked_by_new\":[$blocker]}}"
    done | command_in task batch list >"$place/made" || return 1
    pids=''
    for runtime in $actors; do
        begin "$place/listed.$runtime" "$runtime" drain-list list "$runtime" "$root/start"
        pids="$pids $last"
    done
    start_together
    finish $pids || { echo 'one of them failed'; return 1; }
    # Those who came while the rest was blocked have left; what is left is the last ones'.
    for runtime in $actors; do cat "$place/listed.$runtime"; done | sort -n >"$place/listed"
    act "${actors##* }" "$root" drain-list list last "$root/start" | cat - "$place/listed" | sort -n >"$place/listed.all"
    same 'done once each' "$(md5sum <"$place/listed.all")" "$(md5sum <"$place/made")" &&
        same 'completed' "$(command_in task ls list --status completed | wc -l)" $((2 * half)) &&
        same 'damage' "$(command_in doctor)" ''
}

# takes_over DEAD TAKER: a lease, a run and a task, of what was killed and is ended by somebody.
takes_over() {
    holding_dies "$1" 60000 || return 1
    same 'before its end' "$(act "$2" "$root" take-over taker)" 'held held already-owned' || return 1
    command_in holder end dead >&2 || return 1
    has_taken_over "$1" "$2"
}

# takes_over_in_time DEAD TAKER: of what was killed, and not renewed.
takes_over_in_time() {
    holding_dies "$1" 300 && has_taken_over "$1" "$2"
}

holding_dies() {
    printf content | command_in checkpoint save run >&2 && command_in task new list one >&2 || return 1
    (act "$1" "$root" die-holding dead "$2") >"$place/had"
    same 'what it had' "$(wc -w <"$place/had")" 4
}

has_taken_over() {
    tries=100
    while taken=$(act "$2" "$root" take-over taker) && [ "${taken#held}" != "$taken" ] && [ $tries -gt 0 ]; do
        sleep 0.1
        tries=$((tries - 1))
    done
    set -- "$1" "$2" $(cat "$place/had") $taken
    [ "$7" -gt "$3" ] && [ "$8" -gt "$5" ] && [ "$9" -gt "$6" ] || { echo "tokens do not rise: $*"; return 1; }
    same 'what comes too late' "$(act "$1" "$root" too-late "$3" "$4" "$6")" 'lost lost lost lost' || return 1
    same 'the content' "$(command_in checkpoint load run)" content &&
        same 'who has the lease' "$(command_in lease ls | cut -f 1-4)" "lease	held	taker	$7" &&
        same 'who has the run' "$(command_in checkpoint ls | cut -f 1-3)" 'run	held	taker' &&
        same 'who has the task' "$(command_in task ls list | cut -f 1-5)" '1	in-progress	5	taker	alive'
}
