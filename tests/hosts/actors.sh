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
            while [ ! -e "$3" ]; do sleep 0.01; done
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
        push-one) printf one | "$leasehold" queue push "$1" --sync >&2 ;;
        claim)
            answer=$("$leasehold" queue claim "$1" --holder "$2" --max 1000 --json 2>&1)
            echo "$answer" | sed -n 's/.*"payload":"\([^"]*\)".*/\1/p; s/.*"error":"\([^"]*\)".*/error \1/p'
            ;;
    esac
}
