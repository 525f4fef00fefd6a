#!/usr/bin/env bats
# Checkpoints of shipments at the counter, by a scanner, the form's code and printed commands: T4, T5, L6, X8.
load helper
load counter

setup() {
        make_store
        m sara person enrol cus >/dev/null
        m cus location add $PLACE --kind fire-cabinet --level MEDIA --section INTERNO --capacity 90 >/dev/null
        DUE=$(date -u -d '+7 days' +%F)
        MEDIUM=$(tape T1)
        m cus label print "$MEDIUM" --out "$BATS_TEST_TMPDIR/label.pdf" >/dev/null
        # The recipient serves at the other counter: here it is the custodian of both.
        SHIPMENT=$(m oto --json ship create --from Norte --to Sur --recipient cus --media "$MEDIUM" --method certified-courier --route A-4 \
                --limit 24 --reason r | jq -r .shipment)
        m cus ship pack "$SHIPMENT" --level foam --level rigid-container --level security-seal --level outer-pack --seal S-101 --seal S-102 \
                --indicator shock --indicator temperature=2..25 --label-checked >/dev/null
        m ana ship authorise "$SHIPMENT" >/dev/null
}

teardown() {
        counters_end
}

# What a scanner reads on the printed form.
form_code() {
        m cus report R-110-019 "$SHIPMENT" --pdf "$BATS_TEST_TMPDIR/form.pdf" >/dev/null
        pdftoppm -r 200 -f 1 -l 1 -png "$BATS_TEST_TMPDIR/form.pdf" "$BATS_TEST_TMPDIR/form"
        zbarimg -q --raw "$BATS_TEST_TMPDIR"/form*.png 2>/dev/null | grep 'E000001'
}

pin() {
        await 'PIN'
        tmux -S "$TERMINAL" send-keys -l -- a-long-enough-secret
        tmux -S "$TERMINAL" send-keys -H 0d
}

# Twice the same within two seconds counts once.
later() {
        sleep 2.1
        scan "$1"
}

@test "T4 T5: a shipment is dispatched, picked up, passes and arrives by scans alone, signed, on a Spanish layout" {
        LAYOUT=es
        code=$(form_code)
        counter 1 cus
        scan "$code"
        await 'Lea EXPEDIR'
        await 'autorizado · para cus'
        scan MPSIDELIVER
        await 'no le toca LLEGADA'
        scan MPSIDISPATCH
        await 'Lea cada precinto'
        scan S-101
        await 'Precintos S101'
        later S-101
        await 'S101 ya está leído'
        scan S-102
        await 'Indicador de golpe'
        scan MPSIGOOD
        await 'Indicador de temperatura'
        scan 18.5
        pin
        await "✔ $SHIPMENT: EXPEDIR"
        scan "$SHIPMENT"
        await 'Lea RECOGER'
        scan MPSIPICKUP
        await 'Lea cada precinto'
        scan S-101
        await 'Precintos S101'
        scan S-102
        await 'Indicador de golpe'
        later MPSIGOOD
        await 'Indicador de temperatura'
        scan 19
        await 'empresa de transporte'
        LAYOUT=us scan 'Mensajeria Sur'
        await 'identificación del mensajero'
        scan M77
        await 'recibo que firmó'
        scan R0042
        pin
        await "✔ $SHIPMENT: RECOGER"
        later "$SHIPMENT"
        await 'Lea PASO'
        scan MPSITRACK
        await 'Escriba qué ha pasado'
        later MPSIGOOD
        pin
        await "✔ $SHIPMENT: PASO"
        later "$SHIPMENT"
        await 'Lea LLEGADA o PASO'
        scan MPSIDELIVER
        await 'Lea cada precinto'
        scan S-101
        await 'Precintos S101'
        scan S-999 # somebody changed it
        await 'Indicador de golpe'
        later MPSIGOOD
        await 'Indicador de temperatura'
        scan 18
        pin
        await 'incidencia N000001 abierta'
        await "✘ $SHIPMENT: LLEGADA · N000001"
        scan MPSIUNDO
        await 'no se deshace'
        scan MPSIQUIT
        await '\[exit 0\]'
        expect 0 m cus --json ship show "$SHIPMENT"
        [ "$(jq -r '[.state, (.checkpoints[] | .point, .signed)] | join(" ")' <<<"$output")" = \
                "delivered origin valid pickup valid transit valid delivery valid" ]
        [ "$(jq -r '.checkpoints[1] | [.company, .courier] | join("|")' <<<"$output")" = 'Mensajeria Sur|M77' ]
        [ "$(m sara --json incident show N000001 | jq -r .kind)" = seal ]
        sound_ledger
}

@test "T4 T5 X8: without a PIN nothing is done and what was read stays; other seals stop it at the origin; the sheet has its codes" {
        counter 1 cus en
        scan "$SHIPMENT"
        await 'Scan DISPATCH'
        scan MPSIDISPATCH
        await 'Scan each seal'
        scan MPSIDONE
        await 'means nothing now'
        scan S-101
        await 'Seals +S101'
        later MPSIDONE # the other one is not there
        await 'Indicator of shock'
        scan MPSIDAMAGED
        await 'Indicator of temperature'
        scan 18
        await 'left undone'
        tmux -S "$TERMINAL" send-keys -H 0d
        await 'To sign it scan DISPATCH again'
        [ "$(m cus --json ship show "$SHIPMENT" | jq -r .state)" = authorised ]
        later MPSIDISPATCH
        pin
        await 'does not leave'
        [ "$(m sara --json incident list --open | jq -r '[.rows[].kind] | sort | join(" ")')" = 'indicator seal' ]
        scan MPSIHELP
        await 'a point of its way'
        expect 0 m cus counter sheet --out "$BATS_TEST_TMPDIR/codes.pdf"
        pdftoppm -r 150 -png "$BATS_TEST_TMPDIR/codes.pdf" "$BATS_TEST_TMPDIR/codes"
        codes=$(zbarimg -q --raw "$BATS_TEST_TMPDIR"/codes*.png 2>/dev/null)
        for code in MPSIDISPATCH MPSIPICKUP MPSITRACK MPSIDELIVER MPSICONFIRM MPSIGOOD MPSIDONE; do
                grep -qx $code <<<"$codes"
        done
        sound_ledger
}

# arrived MEDIA…: a shipment of them that is at its end, sealed as it left.
arrived() {
        local media=() id seals=(--seal S-201 --seal S-202)
        for id in "$@"; do
                media+=(--media "$id")
                m cus label print "$id" --out "$BATS_TEST_TMPDIR/label.pdf" >/dev/null
        done
        ARRIVED=$(m oto --json ship create --from Norte --to Sur --recipient cus "${media[@]}" --method certified-courier --route A-5 \
                --limit 24 --reason r | jq -r .shipment)
        m cus ship pack "$ARRIVED" --level foam --level rigid-container --level security-seal --level outer-pack "${seals[@]}" \
                --label-checked >/dev/null
        m ana ship authorise "$ARRIVED" >/dev/null
        m cus ship dispatch "$ARRIVED" "${seals[@]}" >/dev/null
        m cus ship pickup "$ARRIVED" "${seals[@]}" --company C --courier M77 --receipt R9 >/dev/null
        m cus ship track "$ARRIVED" --event p --sign >/dev/null
        m cus ship deliver "$ARRIVED" "${seals[@]}" >/dev/null
}

@test "T4 T7: what a shipment holds is confirmed by scans: one arrived, one is damaged, one is missing, and a stranger is told" {
        local one two three
        one=$(tape T2) two=$(tape T3) three=$(tape T4)
        arrived "$one" "$two" "$three"
        LAYOUT=es counter 1 cus
        scan "$ARRIVED"
        await 'Lea CONFIRMAR'
        scan MPSICONFIRM
        await 'faltan 3'
        scan MPSIDONE # nothing was read: that is no confirmation
        await 'no viene ahora a cuento'
        scan MPSIDAMAGED
        await 'Lea cada soporte'
        scan T2 # by its serial number
        await 'faltan 2'
        later "$one"
        await "$one ya está leído"
        scan "$MEDIUM"
        await 'no va en este envío'
        scan T-999
        await 'no va en este envío'
        scan "$two"
        await 'falta 1'
        scan MPSIDAMAGED
        await "Leídos    2 · dañados: $two"
        later MPSIDONE
        await "Falta $three"
        scan MPSINO
        await 'falta 1'
        later MPSIDONE
        await 'protocolo de brecha'
        scan MPSIYES
        await 'Lea el lugar'
        scan $PLACE
        pin
        await 'N000001 abierta'
        await "✘ $ARRIVED: CONFIRMAR · N000001"
        scan MPSIUNDO
        await 'no se deshace'
        expect 0 m cus --json ship show "$ARRIVED"
        [ "$(jq -r '.checkpoints[-1] | .point, .signed' <<<"$output" | xargs)" = 'confirmation valid' ]
        [ "$(m sara --json incident list --open | jq -r '[.rows[].kind] | sort | join(" ")')" = 'breach damage' ]
        [ "$(m cus --json media show "$one" | jq -r .location)" = "$PLACE" ]
        [ "$(m cus --json media show "$three" | jq -r .state)" = lost ]
        sound_ledger
}

@test "T4 X8: a shipment that came whole takes its code, CONFIRM, its media and a place; no place is said by DONE" {
        local one
        one=$(tape T2)
        arrived "$one"
        counter 1 cus en
        scan "$ARRIVED"
        await 'Scan CONFIRM'
        scan MPSICONFIRM
        await '1 to go'
        scan "$one"
        await 'Scan the place'
        later MPSIDONE
        pin
        await "✔ $ARRIVED: CONFIRM"
        expect 0 m cus --json ship show "$ARRIVED"
        [ "$(jq -r .state <<<"$output")" = confirmed ]
        [ "$(m sara --json incident list --open | jq '.rows | length')" -eq 0 ]
        later "$ARRIVED"
        await 'is over'
        sound_ledger
}

@test "T4: the only medium of a shipment arrives damaged" {
        local one
        one=$(tape T2)
        arrived "$one"
        counter 1 cus
        scan "$ARRIVED"
        await 'Lea CONFIRMAR'
        scan MPSICONFIRM
        await 'falta 1'
        scan "$one"
        await 'Lea el lugar'
        scan MPSIDAMAGED
        await "dañados: $one"
        scan MPSIDONE
        pin
        await "✘ $ARRIVED: CONFIRMAR · N000001"
        [ "$(m sara --json incident show N000001 | jq -r .kind)" = damage ]
        sound_ledger
}
