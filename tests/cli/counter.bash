# A counter in a real terminal, and a scanner that is replayed into it: the tests of the counter on a store and at a station.
load terminal

# counter_at SOCKET COMMAND…: opens it in a terminal of its own, 80 by 24; `desk` is where scans go.
counter_at() {
        local line
        desk=$1
        shift
        line=$(printf '%q ' "$@")
        tmux -S "$desk" -f /dev/null new-session -d -x 80 -y 24 "$line; printf '\n[exit %s]\n' \$?; exec sleep 300"
        TERMINAL=$desk
}

counters_end() {
        local socket
        for socket in "$BATS_TEST_TMPDIR"/desk*.sock; do
                [ ! -S "$socket" ] || tmux -S "$socket" kill-server 2>/dev/null || true
        done
}

# What a Spanish layout makes of what a scanner types on a US one.
on_spanish() {
        sed 'y#`~@\#^&*()_=+[{]}\\|;:'"'"'"<>/?-#ºª"·&/()=?¡¿`^+*çÇñÑ´¨;:-_'"'"'#' <<<"$1"
}

# The scanner, on the layout that LAYOUT names, with the ending that ENDING names.
scan() {
        local text=$1
        [ "${LAYOUT:-us}" = us ] || text=$(on_spanish "$text")
        tmux -S "$TERMINAL" send-keys -l -- "$text"
        case ${ENDING:-cr} in
        cr) tmux -S "$TERMINAL" send-keys -H 0d ;;
        lf) tmux -S "$TERMINAL" send-keys -H 0a ;;
        tab) tmux -S "$TERMINAL" send-keys -H 09 ;;
        none) ;;
        esac
}

# The text of a person's newest card, as a scanner reads it off the paper.
card() {
        cat "$BATS_TEST_TMPDIR/card-$1"
}

# print_cards ISSUE… NAMES: `ISSUE` is the command that issues; the text of each is kept for card().
print_cards() {
        local folder=$BATS_TEST_TMPDIR/cards name number text
        rm -rf "$folder"
        mkdir -p "$folder"
        "$@" --json --out "$folder/cards.pdf" >"$folder/answer" || return
        pdftoppm -r 150 -png "$folder/cards.pdf" "$folder/page"
        zbarimg -q --raw "$folder"/page*.png 2>/dev/null >"$folder/texts"
        while read -r number name; do
                text=$(grep "^$number" "$folder/texts") || return
                printf '%s\n' "$text" >"$BATS_TEST_TMPDIR/card-$name"
        done < <(jq -r '.rows[] | "\(.card) \(.person)"' "$folder/answer")
}
