#!/usr/bin/env bats
# What is printed for the counter, and what a hostile code does to it: A9, X1, U3.
load helper
load counter

setup() {
        counter_setup
}

teardown() {
        counters_end
}

@test "A9 U3: what a hostile code types does nothing, ends nothing and reaches no terminal" {
        id=$(tape T1 INTERNO $PLACE)
        counter 1 cus en
        for bytes in '1b 5b 32 4a 48 51 30 30 0d' '03 51 51 51 51 0d' '48 51 00 30 30 30 0d' '1a 1a 1a 1a 0d' 'ff fe fd fc 0d' '48 1b 5d 30 3b 78 07 0d'; do
                # shellcheck disable=SC2086
                tmux -S "$TERMINAL" send-keys -H $bytes
                await 'UNREADABLE|nothing was done'
                tmux -S "$TERMINAL" send-keys Escape
                await 'Scan a medium, a card'
        done
        head -c 70000 /dev/zero | tr '\0' A >"$BATS_TEST_TMPDIR/long"
        printf '\r' >>"$BATS_TEST_TMPDIR/long"
        tmux -S "$TERMINAL" load-buffer "$BATS_TEST_TMPDIR/long"
        tmux -S "$TERMINAL" paste-buffer -r
        await 'longer than any code'
        scan "$id"
        await "Medium +$id"
        # A small terminal shows what matters; a large one keeps it.
        tmux -S "$TERMINAL" resize-window -x 40 -y 8
        await '\? IN CUSTODY'
        [ "$(screen | grep -c .)" -le 8 ]
        tmux -S "$TERMINAL" resize-window -x 120 -y 40
        await '█████'
        tmux -S "$TERMINAL" send-keys C-c
        await '\[exit 0\]'
}

@test "X1: cards: the printed one is read back, a new one makes the old one void, a lost one is revoked, a forged one is told" {
        old=$(card uli)
        expect 0 m cus --json person scan-card "$old"
        [ "$(jq -r '.name, .card' <<<"$output" | paste -sd' ')" = 'uli K000001' ]
        expect 0 m cus person scan-card "$(tr A-Z a-z <<<"$old")" # Caps Lock
        print_cards m sara person card uli
        expect 7 m cus person scan-card "$old"
        [[ $output == *'K000001 is void'* ]]
        expect 7 m cus --lang es person scan-card "$old"
        [[ $output == *'La tarjeta K000001 está anulada'* ]]
        expect 0 m cus person revoke-card K000004 --reason 'Perdida'
        expect 6 m cus person scan-card "$(forged "$(card oto)")"
        [[ $output == *'was not printed by this station'* ]]
        expect 7 m cus person revoke-card K000004 --reason 'Perdida'
        expect 7 m cus person scan-card "$(card uli)"
        expect 4 m cus person revoke-card K000099 --reason x
        expect 2 m cus person revoke-card P000001 --reason x
        expect 2 m cus person scan-card K0000
        expect 3 m uli person scan-card "$(card oto)"
        expect 3 m cus person card uli --out "$BATS_TEST_TMPDIR/no.pdf"
        expect 2 m sara person card uli uli --out "$BATS_TEST_TMPDIR/no.pdf"
        [ ! -e "$BATS_TEST_TMPDIR/no.pdf" ]
        expect 0 m sara --dry-run person card uli --out "$BATS_TEST_TMPDIR/no.pdf"
        [ ! -e "$BATS_TEST_TMPDIR/no.pdf" ]
        [ "$(m sara --json person cards --all | jq -r '[.rows[] | .state] | join(" ")')" = 'replaced valid valid revoked' ]
        # The ledger has no text from which a card could be made.
        m sara ledger export --out "$BATS_TEST_TMPDIR/export" >/dev/null
        ! grep -q "$(card oto)" "$BATS_TEST_TMPDIR/export"
        pdftotext "$BATS_TEST_TMPDIR/cards/cards.pdf" - | grep -q 'Uli Usuaria'
        ! pdftotext "$BATS_TEST_TMPDIR/cards/cards.pdf" - | grep -q "$(card uli)"
        counter 1 cus
        scan "$old"
        await 'K000001 está anulada'
        sound_ledger
}

@test "The sheet of commands: every code on it is read and is a command; without a terminal the counter says who serves" {
        for lang in es en; do
                expect 0 m cus --lang $lang counter sheet --out "$BATS_TEST_TMPDIR/$lang.pdf"
                pdftoppm -r 150 -png "$BATS_TEST_TMPDIR/$lang.pdf" "$BATS_TEST_TMPDIR/$lang"
                [ "$(zbarimg -q --raw "$BATS_TEST_TMPDIR"/$lang*.png 2>/dev/null | sort | grep -c '^MPSI[A-Z]*$')" = 25 ]
        done
        pdftotext "$BATS_TEST_TMPDIR/es.pdf" - | grep -q DESHACER
        pdftotext "$BATS_TEST_TMPDIR/en.pdf" - | grep -q UNDO
        expect 0 m cus --json counter
        [ "$(jq -r '.person, .station' <<<"$output" | paste -sd' ')" = 'cus desk-1' ]
        expect 3 m uli counter
        expect 2 m cus counter --days 0
        expect 2 m cus counter sheet
        expect 2 m cus counter nonsense
}
