#!/usr/bin/env bats
# The counter at a station: the custodian's own account, mpsid's socket, a PIN that crosses it, and two clerks: U3, U4, A2. By
# hand, as root:
#   tests/cli/with-udev bats tests/cli/counter_mpsid.bats
load helper
load counter

OWNER=nobody CUSTODIAN=games CLERK=man INFORMATION=news

setup() {
        [ -n "${MPSI_UDEV:-}" ] || skip 'SKIPPED: run it in tests/cli/with-udev, as root'
        LOG=$BATS_TEST_TMPDIR/log SOCKET=$BATS_TEST_TMPDIR/socket STORE=$BATS_TEST_TMPDIR/var/store
        install -d -m 700 -o "$OWNER" "$BATS_TEST_TMPDIR/var"
        chmod a+rx "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR" "$(dirname "$BATS_TEST_TMPDIR")"
        printf 'a-long-enough-secret\n' >"$BATS_TEST_TMPDIR/secret"
        chmod 600 "$BATS_TEST_TMPDIR/secret"
        station_comes
        mpsi init --organisation 'Hospital de Prueba' --site HQ --category ALTA --station desk-1 --language es --admin sara \
                --admin-name 'Sara Gil' --admin-os-user root >/dev/null
        mpsi person add cus --full-name 'Custodio Ruiz' --roles custodian --os-user "$CUSTODIAN" >/dev/null
        mpsi person add pepa --full-name 'Pepa Custodia' --roles custodian --os-user "$CLERK" >/dev/null
        mpsi person add ana --full-name 'Ana López' --roles owner --os-user "$INFORMATION" >/dev/null
        mpsi person add uli --full-name 'Uli Usuaria' --roles user >/dev/null
        mpsi person enrol uli >/dev/null
        print_cards mpsi person card uli
        as "$CUSTODIAN" location add HQ-S03-A12-E04-P001 --kind fire-cabinet --level MEDIA --section INTERNO --capacity 9 >/dev/null
        DUE=$(date -u -d '+7 days' +%F)
}

# station_dies: with all its processes: whoever is at work for a client would end it.
station_dies() {
        pkill -KILL mpsid
        wait "$daemon" || true
        daemon=
}

station_comes() {
        : >"$LOG"
        "$MPSI_BUILD/mpsid" --account "$OWNER" --store "$STORE" --socket "$SOCKET" --lang en 2>"$LOG" 3>&- &
        daemon=$!
        wait_for running
}

teardown() {
        counters_end
        daemon_end
}

mpsi() {
        local who secrets=()
        for who in master organisation recovery pin:sara pin:uli; do
                secrets+=(--secret "$who=file:$BATS_TEST_TMPDIR/secret")
        done
        timeout 60 "$MPSI" --lang en --socket "$SOCKET" "${secrets[@]}" "$@"
}

# as ACCOUNT ARGS…
as() {
        local account=$1
        shift
        setpriv --reuid="$account" --regid="$(id -g "$account")" --clear-groups timeout 60 "$MPSI" --lang en --socket "$SOCKET" "$@"
}

# An approved loan of a new tape; sets ID and LOAN.
approved() {
        ID=$(as "$CUSTODIAN" --json media register --kind tape --classification INTERNO --category MEDIA --owner ana --expires 2040-01-01 \
                --retention 3650 --serial "$1" | jq -r .id)
        as "$CUSTODIAN" media move "$ID" --location HQ-S03-A12-E04-P001 >/dev/null
        LOAN=$(as "$CUSTODIAN" --json loan request "$ID" --to uli --reason r --due "$DUE" --location p | jq -r .loan)
        as "$INFORMATION" loan approve "$LOAN" >/dev/null
}

# desk NUMBER ACCOUNT: its counter, in the account's own name.
desk() {
        counter_at "$BATS_TEST_TMPDIR/desk$1.sock" setpriv --reuid="$2" --regid="$(id -g "$2")" --clear-groups "$MPSI" --lang es \
                --socket "$SOCKET" counter
        await AYUDA
}

@test "U3 A2: at the station: three scans and a PIN, the return, a second clerk who comes too late, and who may not serve" {
        approved T1
        desk 1 "$CUSTODIAN"
        one=$TERMINAL
        desk 2 "$CLERK"
        two=$TERMINAL
        await 'Pepa Custodia \(pepa\)'
        for TERMINAL in $one $two; do
                scan "$ID"
                await "$LOAN · uli"
                LAYOUT=es scan "$(card uli)"
                await 'precinto nuevo'
        done
        TERMINAL=$one
        LAYOUT=es scan S-001
        await 'PIN de Uli Usuaria'
        scan a-long-enough-secret
        await "✔ $LOAN: $ID entregado a Uli Usuaria"
        ! screen_all | grep -q a-long-enough
        [ "$(as "$CUSTODIAN" --json loan show "$LOAN" | jq -r '[.state, .seal_plain, .handed_by, (.signatures | length)] | join(" ")')" = 'out S001 cus 1' ]
        TERMINAL=$two
        scan S-002
        await "$LOAN ya lo entregó cus"
        scan MPSIIN
        await 'soporte que vuelve'
        scan "$ID"
        await 'precinto que trae'
        scan S-001
        await 'Cómo vuelve'
        scan MPSIGOOD
        await "✔ $LOAN: $ID devuelto"
        scan MPSIQUIT
        await '\[exit 0\]'
        [ "$(as "$CUSTODIAN" --json loan show "$LOAN" | jq -r '[.state, .integrity, .returned_to] | join(" ")')" = 'returned intact pepa' ]
        expect 3 as "$INFORMATION" counter
        # Cards and the sheet cross the socket as files.
        expect 0 as "$CUSTODIAN" --json person cards
        [ "$(jq -r '.rows[0].person' <<<"$output")" = uli ]
        expect 0 mpsi counter sheet --out "$BATS_TEST_TMPDIR/sheet.pdf"
        file "$BATS_TEST_TMPDIR/sheet.pdf" | grep -q PDF
        expect 0 mpsi ledger verify
        expect 0 mpsi ledger replay
}

@test "U3: the station goes away and comes back: the counter says so and goes on" {
        approved T1
        desk 1 "$CUSTODIAN"
        kill "$daemon"
        wait "$daemon" || true
        daemon=
        scan "$ID"
        await 'AVERÍA|no atiende'
        station_comes
        sleep 2.1
        scan "$ID"
        await "$LOAN · uli"
}

# at_counter ARGS…: an act of cus, who signs.
at_counter() {
        setpriv --reuid="$CUSTODIAN" --regid="$(id -g "$CUSTODIAN")" --clear-groups timeout 60 "$MPSI" --lang en --socket "$SOCKET" \
                --secret "pin:cus=fd:9" "$@" 9<"$BATS_TEST_TMPDIR/secret"
}

# A shipment of two tapes at its end, as it left; sets SHIPMENT, ONE and TWO.
arrived() {
        local seals=(--seal S-201 --seal S-202) media=() serial
        mpsi --secret "pin:cus=file:$BATS_TEST_TMPDIR/secret" person enrol cus >/dev/null
        for serial in T1 T2; do
                media+=("$(as "$CUSTODIAN" --json media register --kind tape --classification INTERNO --category MEDIA --owner ana \
                        --expires 2040-01-01 --retention 3650 --serial $serial | jq -r .id)")
                mpsi label print "${media[-1]}" --out "$BATS_TEST_TMPDIR/$serial.pdf" >/dev/null
        done
        ONE=${media[0]} TWO=${media[1]}
        SHIPMENT=$(as "$CLERK" --json ship create --from Norte --to Sur --recipient cus --media "$ONE" --media "$TWO" \
                --method certified-courier --route A-5 --limit 24 --reason r | jq -r .shipment)
        as "$CLERK" ship pack "$SHIPMENT" --level foam --level rigid-container --level security-seal --level outer-pack "${seals[@]}" \
                --label-checked >/dev/null
        as "$INFORMATION" ship authorise "$SHIPMENT" >/dev/null
        at_counter ship dispatch "$SHIPMENT" "${seals[@]}" >/dev/null
        at_counter ship pickup "$SHIPMENT" "${seals[@]}" --company C --courier M77 --receipt R9 >/dev/null
        at_counter ship track "$SHIPMENT" --event p --sign >/dev/null
        at_counter ship deliver "$SHIPMENT" "${seals[@]}" >/dev/null
}

# Up to the last medium of the shipment.
begin_confirming() {
        scan "$SHIPMENT"
        await 'Lea CONFIRMAR'
        scan MPSICONFIRM
        await 'faltan 2'
        scan "$ONE"
        await 'falta 1'
}

# Up to the PIN.
end_confirming() {
        scan "$TWO"
        await 'Lea el lugar'
        sleep 2.1
        scan HQ-S03-A12-E04-P001
        await PIN
}

@test "T4: the station goes away while a shipment is being confirmed: nothing of it is on record, and it is confirmed once it is back" {
        arrived
        desk 1 "$CUSTODIAN"
        begin_confirming
        station_dies
        scan "$TWO"
        await 'no atiende'
        # Whatever was read meanwhile, no act can be done: the last step fails in words.
        sleep 2.1
        scan HQ-S03-A12-E04-P001
        await 'AVERÍA|no atiende'
        station_comes
        [ "$(as "$CUSTODIAN" --json ship show "$SHIPMENT" | jq -r .state)" = delivered ]
        sleep 2.1
        scan MPSICANCEL
        begin_confirming
        sleep 2.1
        end_confirming
        # Once more, at the worst moment: the PIN is typed, and there is nobody to take it.
        station_dies
        scan a-long-enough-secret
        await 'ha dejado de atender sin contestar'
        await 'mire cómo ha quedado'
        ! screen_all | grep -q a-long-enough || return
        station_comes
        [ "$(as "$CUSTODIAN" --json ship show "$SHIPMENT" | jq -r .state)" = delivered ]
        sleep 2.1
        scan MPSICANCEL
        begin_confirming
        end_confirming
        scan a-long-enough-secret
        await "✔ $SHIPMENT: CONFIRMAR"
        [ "$(as "$CUSTODIAN" --json ship show "$SHIPMENT" | jq -r .state)" = confirmed ]
        [ "$(as "$CUSTODIAN" --json ship show "$SHIPMENT" | jq '[.checkpoints[] | select(.point == "confirmation")] | length')" -eq 1 ]
        expect 0 mpsi ledger verify
}
