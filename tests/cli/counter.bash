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

# --- a store of its own -----------------------------------------------------------------------------------------

PLACE=HQ-S03-A12-E04-P001

# A store with people, cards and a place.
counter_setup() {
        make_store
        m sara person add uli --full-name 'Uli Usuaria' --roles user >/dev/null
        m sara person add pepa --full-name 'Pepa Custodia' --roles custodian >/dev/null
        print_cards m sara person card uli oto olga
        m cus location add $PLACE --kind fire-cabinet --level MEDIA --section INTERNO --capacity 90 >/dev/null
        DUE=$(date -u -d '+7 days' +%F)
}

# tape SERIAL [CLASSIFICATION] [PLACE]
tape() {
        local id
        id=$(m cus --json media register --kind tape --classification "${2:-INTERNO}" --category MEDIA --owner ana --expires 2040-01-01 \
                --retention 3650 --serial "$1" | jq -r .id)
        [ -z "${3:-}" ] || m cus media move "$id" --location "$3" >/dev/null
        printf '%s\n' "$id"
}

# approved MEDIUM [BORROWER]: prints the loan.
approved() {
        local loan
        loan=$(m "${2:-uli}" --json loan request "$1" --to "${2:-uli}" --reason 'Sesión clínica' --due "$DUE" --location 'Planta 2' | jq -r .loan)
        m ana loan approve "$loan" >/dev/null
        printf '%s\n' "$loan"
}

# lose MEDIUM: on its way.
lose() {
        local shipment
        m sara person enrol cus >/dev/null
        m cus label print "$1" --out "$BATS_TEST_TMPDIR/lost.pdf" >/dev/null
        shipment=$(m cus --json ship create --from Norte --to Sur --recipient olga --media "$1" --method certified-courier --route A-4 \
                --limit 24 --reason r | jq -r .shipment)
        m cus ship pack "$shipment" --level foam --level rigid-container --level security-seal --level outer-pack --seal S-901 --seal S-902 \
                --label-checked >/dev/null
        m ana ship authorise "$shipment" >/dev/null
        m cus ship dispatch "$shipment" --seal S-901 --seal S-902 >/dev/null
        m cus ship lost "$shipment" --circumstances 'Robo del vehículo' >/dev/null
}

# forged CARD: another secret and the check character that belongs to it (ISO/IEC 7064 MOD 37,36).
forged() {
        local body=${1:0:7}ABCDEFGH p=36 i s c digits=0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ
        for ((i = 0; i < ${#body}; i++)); do
                c=${digits%%"${body:i:1}"*}
                s=$(((p + ${#c}) % 36))
                p=$(((s == 0 ? 36 : s) * 2 % 37))
        done
        printf '%s%s\n' "$body" "${digits:$(((37 - p) % 36)):1}"
}

# label_of MEDIUM: prints its label, and what a scanner reads on it.
label_of() {
        local text
        m cus label print "$1" --out "$BATS_TEST_TMPDIR/$1.pdf" >/dev/null
        pdftoppm -r 300 -png "$BATS_TEST_TMPDIR/$1.pdf" "$BATS_TEST_TMPDIR/$1"
        text=$(zbarimg -q --raw "$BATS_TEST_TMPDIR/$1"*.png 2>/dev/null | head -n 1)
        [[ $text == "$1"?* ]] || return
        printf '%s\n' "$text"
}

# counter NUMBER PERSON [LANGUAGE]
counter() {
        counter_at "$BATS_TEST_TMPDIR/desk$1.sock" "$MPSI" --store "$STORE" --as "$2" --lang "${3:-es}" counter
        await 'AYUDA|HELP'
}

events() {
        rm -f "$BATS_TEST_TMPDIR/events"
        m sara --json ledger export --out "$BATS_TEST_TMPDIR/events" >/dev/null
        jq -r "select(.type | test(\"$1\")) | .type" "$BATS_TEST_TMPDIR/events" | paste -sd' '
}

sound_ledger() {
        expect 0 m sara ledger verify
        expect 0 m sara ledger replay
}
