# Sourced by run: gets each runtime what it needs, once. What is printed on failure is why it cannot be had.

# The line of a log that says why.
why_not() {
    grep -i -m 1 error "$1" || grep -v '^ *$' "$1" | tail -n 1
}

install_python() {
    command -v python3 >/dev/null || { echo 'python3 is not installed'; return 1; }
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo 'python3 is older than 3.10'; return 1; }
    if ! cmp -s "$here/python/requirements.txt" "$target/python/requirements.txt"; then
        rm -rf "$target/python"
        python3 -m venv "$target/python" >"$target/python.log" 2>&1 ||
            { echo "python3 cannot make an environment with pip: $(why_not "$target/python.log")"; return 1; }
        timeout 300 "$target/python/bin/pip" install --no-input --disable-pip-version-check \
            --requirement "$here/python/requirements.txt" >"$target/python.log" 2>&1 ||
            { echo "pip could not install: $(why_not "$target/python.log")"; return 1; }
        cp "$here/python/requirements.txt" "$target/python/requirements.txt"
    fi
}

# The modules are copied to where what they import is.
install_node() {
    command -v node >/dev/null || { echo 'node is not installed'; return 1; }
    command -v npm >/dev/null || { echo 'npm is not installed'; return 1; }
    node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' ||
        { echo 'node is older than 20'; return 1; }
    if ! cmp -s "$here/node/package-lock.json" "$target/node/installed.json"; then
        rm -rf "$target/node"
        mkdir "$target/node"
        cp "$here/node/package.json" "$here/node/package-lock.json" "$target/node/"
        # Not `npm ci`: it insists on builds for other systems, of which some were never published.
        (cd "$target/node" && timeout 300 npm install --ignore-scripts --no-audit --no-fund) >"$target/node.log" 2>&1 ||
            { echo "npm could not install: $(why_not "$target/node.log")"; return 1; }
        cp "$here/node/package-lock.json" "$target/node/installed.json"
    fi
    cp "$here/node/"*.mjs "$target/node/"
    (cd "$target/node" && node transpile.mjs "$component" component) >"$target/node.log" 2>&1 ||
        { echo "jco could not transpile: $(why_not "$target/node.log")"; return 1; }
}
