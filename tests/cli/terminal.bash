# A real terminal that a test types into: tmux, with a server of its own.
# terminal COMMAND…: starts it, WIDTH (130) columns wide; its exit status is shown as "[exit N]" at the end.
terminal() {
        local line
        # A socket of its own each time: the last server may still be on its way out.
        TERMINAL=$(mktemp -u "$BATS_TEST_TMPDIR/terminal-XXXX")
        line=$(printf '%q ' "$@")
        tmux -S "$TERMINAL" -f /dev/null new-session -d -x "${WIDTH:-130}" -y 50 \
                "$line; printf '\n[exit %s]\n' \$?; exec sleep 300"
}

# What the screen shows now, with nothing of what scrolled off it.
screen() {
        tmux -S "$TERMINAL" capture-pane -p
}

# All that can still be read back, the scrollback too.
screen_all() {
        tmux -S "$TERMINAL" capture-pane -p -S - -E -
}

# Waits until the screen shows an extended regular expression; a hang ends the test.
await() {
        local _
        for _ in $(seq 300); do
                screen | grep -Eq "$1" && return 0
                sleep 0.1
        done
        printf 'never shown: %s\n' "$1"
        screen
        return 1
}

# await REGEX and then type a line.
answer() {
        await "$1" || return
        [ -z "$2" ] || tmux -S "$TERMINAL" send-keys -l -- "$2"
        tmux -S "$TERMINAL" send-keys Enter
}

terminal_end() {
        [ -z "${TERMINAL:-}" ] || tmux -S "$TERMINAL" kill-server 2>/dev/null || true
}
