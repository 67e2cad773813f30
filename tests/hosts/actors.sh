# Sourced by run: what each runtime is asked to do, in the same words. See python/actor.py for the verbs.

# act RUNTIME ROOT VERB ARGUMENT...; to be called in a shell of its own, which it may replace.
act() {
    runtime=$1
    shift
    case $runtime in
        command) command_act "$@" ;;
        python) exec timeout 120 "$target/python/bin/python" "$here/python/actor.py" "$component" "$@" ;;
        node) exec timeout 120 node "$target/node/actor.mjs" "$target/node/component/leasehold.js" "$@" ;;
    esac
}

await_file() {
    while [ ! -e "$1" ]; do sleep 0.01; done
}

command_act() {
    export LEASEHOLD_ROOT="$1"
    verb=$2
    shift 2
    case $verb in
        push)
            third=$(($3 / 3))
            numbers() { seq -f "$1-%.0f" "$2" "$3"; }
            numbers "$2" 0 $(($3 - 1))
            for one in $(numbers "$2" 0 $((third - 1))); do
                printf %s "$one" | "$leasehold" queue push "$1" --no-sync
            done >&2
            numbers "$2" "$third" $((2 * third - 1)) | "$leasehold" queue push "$1" --lines >&2
            for one in $(numbers "$2" $((2 * third)) $(($3 - 1))); do
                printf %s "$one" | "$leasehold" queue push "$1" --no-sync --id "$one"
            done >&2
            ;;
        drain)
            await_file "$3"
            # A short line is appended in one step.
            out=$place/command.drained
            : >"$out"
            timeout 120 "$leasehold" work "$1" --drain --workers 2 --holder "$2" -- \
                sh -c 'echo "$(cat) $LEASEHOLD_TOKEN" >>"$0"' "$out"
            code=$?
            cat "$out"
            return $code
            ;;
        hold)
            "$leasehold" queue claim "$1" --holder "$2" --ttl "$3ms" --max "$4" --json |
                sed -n 's/.*"receipt":"\([^"]*\)".*"payload":"\([^"]*\)".*/\2 \1/p'
            ;;
        reap) "$leasehold" queue reap "$1" ;;
        done) "$leasehold" queue done "$1" "$2" --json 2>&1 | sed -n 's/.*"error":"\([^"]*\)".*/error \1/p' ;;
        ensure)
            "$leasehold" queue claim nothing --holder "$1" >&2
            "$leasehold" holder ls --json | sed -n 's/.*"epoch":\([0-9]*\).*/\1/p'
            ;;
        take-turns)
            await_file "$4"
            for _ in $(seq "$3"); do
                "$leasehold" lock "$1" -- sh -c 'mkdir "$0/inside" && echo "$LEASEHOLD_TOKEN command" >>"$0/tokens" &&
                    rmdir "$0/inside"' "$5" || return 1
            done
            echo "$3"
            ;;
        die-holding)
            # What a command holds lasts beyond it: nobody needs to be killed.
            "$leasehold" holder open "$1" --ttl "$2ms" >&2
            lease=$("$leasehold" lease acquire lease --holder "$1")
            run=$("$leasehold" checkpoint claim run --holder "$1" --json |
                sed 's/.*"receipt":"\([^"]*\)","token":\([0-9]*\).*/\1 \2/')
            echo "$lease $run $("$leasehold" task claim list --next --holder "$1" | tr '\t' ' ' | cut -d ' ' -f 2)"
            ;;
        take-over)
            told() { sed -n 's/.*"error":"\([^"]*\)".*/\1/p; s/.*"outcome":"\(al[^"]*\)".*/\1/p
                s/.*"token":\([0-9]*\).*/\1/p' | head -n 1; }
            lease=$("$leasehold" lease acquire lease --holder "$1" --json 2>&1 | told)
            run=$("$leasehold" checkpoint claim run --holder "$1" --json 2>&1 | told)
            echo "$lease $run $("$leasehold" task claim list 1 --holder "$1" --json 2>&1 | told)"
            ;;
        too-late)
            told() { sed -n 's/.*"error":"\([^"]*\)".*/\1/p'; }
            lease=$("$leasehold" lease release lease --token "$1" --json 2>&1 | told)
            save=$(printf late | "$leasehold" checkpoint save run --receipt "$2" --json 2>&1 | told)
            run=$("$leasehold" checkpoint complete run "$2" --json 2>&1 | told)
            echo "$lease $save $run $("$leasehold" task release list 1 --token "$3" --json 2>&1 | told)"
            ;;
        count-up)
            await_file "$4"
            counted=0 waited=0
            while [ "$counted" -lt "$3" ]; do
                # It says on standard error that somebody else has it.
                number=$("$leasehold" checkpoint claim "$1" --holder "$2" --receipt "$place/receipt" 2>/dev/null) ||
                    { waited=$((waited + 1)); continue; }
                printf %s $((number + 1)) |
                    "$leasehold" checkpoint save "$1" --receipt "$(cat "$place/receipt")" --no-sync >&2 || return 1
                counted=$((counted + 1))
            done
            echo "$waited"
            ;;
        drain-list)
            await_file "$3"
            while claim=$("$leasehold" task claim "$1" --next --holder "$2"); do
                set -- "$1" "$2" $claim
                echo "$3"
                "$leasehold" task done "$1" "$3" --token "$4" --no-sync >&2 || return 1
            done
            ;;
        push-one) printf one | "$leasehold" queue push "$1" --sync >&2 ;;
        claim)
            answer=$("$leasehold" queue claim "$1" --holder "$2" --max 1000 --json 2>&1)
            echo "$answer" | sed -n 's/.*"payload":"\([^"]*\)".*/\1/p; s/.*"error":"\([^"]*\)".*/error \1/p'
            ;;
    esac
}
