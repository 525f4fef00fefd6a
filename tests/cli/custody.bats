# Custody and transport as people at the desk use them, on a loop device of its own: U1 to U4, U9, T1 to T7, C8.
load helper
load terminal

more_people() {
        SECRETS+=(--secret "pin:rosa=file:$BATS_TEST_TMPDIR/secret")
        m sara person add uli --full-name "Uli Usuaria" --roles user >/dev/null
        m sara person add rosa --full-name "Rosa Receptora" --roles user >/dev/null
        m sara person enrol cus >/dev/null
        m sara person enrol rosa >/dev/null
}

setup() {
        need_loop_devices
        make_store
        SECRETS+=(--secret "pin:rosa=file:$BATS_TEST_TMPDIR/secret")
        DEVICE=$(loop_device medium 64M)
        ID=$(m cus --json media register "$DEVICE" --classification CONFIDENCIAL --category MEDIA --owner ana \
                --expires 2040-01-01 --retention 3650 | jq -r .id)
        DUE=$(date -u -d '+7 days' +%F)
}

teardown() {
        terminal_end
        loop_devices_detach
}

encrypted() {
        m oto encrypt run "$ID" "$DEVICE" --confirm "$ID" --no-fill >/dev/null
}

lend() {
        LOAN=$(m uli --json loan request "$ID" --to uli --reason "Sesión clínica" --due "$DUE" --location "Planta 2" | jq -r .loan)
        m ana loan approve "$LOAN" >/dev/null
        expect 0 m cus loan out "$ID" --seal "$1" --device "$DEVICE" --supervisor oto
}

@test "X8: a table shows names in the reader's language, data keep the codes, and both can be typed" {
        expect 0 m cus --lang es media list
        [[ $output == *"en custodia"* && $output == *"disco duro"* && $output != *in-custody* ]]
        expect 0 m cus --lang en media list
        [[ $output == *"in custody"* && $output == *"hard disk"* && $output != *in-custody* ]]
        m cus --lang es --json media list | jq -e '.rows[0] | .state == "in-custody" and .kind == "hdd"'
        for name in in-custody "en custodia" en-custodia "In Custody"; do
                [ "$(m cus --json media list --state "$name" | jq -r '.rows[].id')" = "$ID" ]
        done
        expect 2 m cus media list --state custodia
        expect 0 "$MPSI" media list --help --lang es
        [[ $output == *on-loan*prestado* ]]
        expect 0 m sara person grant oto custodio --reason prueba
        m sara --json person show oto | jq -e '.roles | contains("custodian")'
}

@test "X8: what happened to a medium is told in words, in the reader's language; the data keep every member" {
        encrypted
        lend S-0001
        expect 0 m cus --lang es media history "$ID"
        grep -Eq "cus +Soporte registrado +tipo: disco duro; clasificación: CONFIDENCIAL" <<<"$output"
        grep -Eq "cus +Soporte entregado +préstamo: $LOAN; prestatario: uli; supervisa: oto; vence: $DUE; .*precinto: S-0001" <<<"$output"
        [[ $output != *{* && $output != *medium.registered* && $output != *digest* ]]
        expect 0 m cus --lang en media history "$ID"
        grep -Eq "cus +Medium handed over +loan: $LOAN; borrower: uli" <<<"$output"
        m cus --json media history "$ID" | jq -e '.rows[-1] | .type == "loan.handed-over" and .data.seal == "S-0001" and .name.es == "Soporte entregado"'
        expect 0 m cus --lang es media history "$ID" --limit 2
        [[ $output == *"Hay más: --after $(m cus --json media history "$ID" --limit 2 | jq .rows[1].seq)"* ]]
        # On a terminal the last column goes on under itself, between words.
        WIDTH=100 terminal "$MPSI" --store "$STORE" --as cus --lang es media history "$ID"
        await 'exit 0'
        screen >"$BATS_TEST_TMPDIR/folded"
        terminal_end
        grep -Eq '^ *[0-9]+ [0-9-]+ [0-9:]+ cus +Soporte registrado +tipo: disco duro;' "$BATS_TEST_TMPDIR/folded"
        grep -Eq '^ {40,}[a-záéíóú]+: ' "$BATS_TEST_TMPDIR/folded"
}

@test "U1 U2: a place below the category, of another section or full is refused" {
        expect 5 m cus location add HQ-S01-A01-E01-P001 --kind fire-cabinet --level ALTA --section SECRETO --capacity 1
        expect 0 m cus location add HQ-S01-A01-E01-P001 --kind locked-cabinet --level BASICA --section CONFIDENCIAL --capacity 1
        expect 5 m cus media move "$ID" --location HQ-S01-A01-E01-P001
        [[ $output == *"[U1 · ENS mp.si.3]"* ]]
        expect 0 m cus location add "hq's01'a01'e01'p002" --kind fire-cabinet --level MEDIA --section INTERNO --capacity 1
        expect 5 m cus media move "$ID" --location HQS01A01E01P002
        [[ $output == *"[U2 · ENS mp.si.3]"* ]]
        expect 0 m cus location add HQ-S01-A01-E01-P003 --kind fire-cabinet --level MEDIA --section CONFIDENCIAL --capacity 1
        expect 0 m cus media move "$ID" --location HQ-S01-A01-E01-P003
        expect 5 m cus media move "$(register_tape T1)" --location HQ-S01-A01-E01-P003
        expect 0 m cus --json location show HQ-S01-A01-E01-P003
        [ "$(jq -r '.media[0], .occupied' <<<"$output" | paste -sd' ')" = "$ID 1" ]
}

@test "U3: a medium is lent and comes back; what changed on the way opens an incident" {
        LOAN=$(m uli --json loan request "$ID" --to uli --reason r --due "$DUE" --location p | jq -r .loan)
        m ana loan approve "$LOAN"
        expect 2 m cus loan out "$LOAN" --seal S-1 --device "$DEVICE" # too short for a seal
        expect 5 m cus loan out "$LOAN" --seal S-001 --device "$DEVICE" # CONFIDENCIAL, and nobody watches
        [[ $output == *"[U3 · ENS mp.si.3]"* ]]
        expect 5 m cus loan out "$LOAN" --seal S-001 --device "$DEVICE" --supervisor oto # not encrypted
        [[ $output == *"[C3 · ENS mp.si.2]"* ]]
        encrypted
        expect 0 m cus loan out "$LOAN" --seal S-001 --device "$DEVICE" --supervisor oto --receipt "$BATS_TEST_TMPDIR/out.pdf"
        pdftotext "$BATS_TEST_TMPDIR/out.pdf" - | grep -q "$ID"
        pdftotext "$BATS_TEST_TMPDIR/out.pdf" - | grep -q "S-001"
        expect 0 m cus loan in "$ID" --seal "s'001" --device "$DEVICE" --condition bien
        [ "$(m cus --json loan show "$LOAN" | jq -r .integrity)" = intact ]

        lend S-002
        printf 'X' | dd of="$DEVICE" bs=1 seek=33000 conv=notrunc,fsync status=none
        expect 0 m cus --json loan in "$ID" --seal S-002 --device "$DEVICE" --condition bien
        [ "$(jq -r '.integrity, .incident' <<<"$output" | paste -sd' ')" = "changed N000001" ]
        expect 7 m uli loan request "$ID" --to uli --reason r --due "$DUE" --location p
        [[ $output == *"[U9 · "* ]]
        expect 3 m cus incident close N000001 --resolution nada
        expect 0 m sara incident close N000001 --resolution "Escritura fuera de sitio"
        expect 0 m sara ledger verify
}

@test "U4: a blocked borrower and a past date get nothing" {
        expect 5 m uli loan request "$ID" --to uli --reason r --due 2020-01-01 --location p
        [[ $output == *"[U4 · ENS mp.si.3]"* ]]
        m sara person block rosa --reason Baja
        expect 5 m uli loan request "$ID" --to rosa --reason r --due "$DUE" --location p
        [[ $output == *"[X4 · "* ]]
}

all_levels=(--level encrypted-medium --level antistatic-bag --level foam --level rigid-container --level security-seal --level outer-pack)

create() {
        SHIPMENT=$(m cus --json ship create --from Norte --to Sur --recipient rosa --media "$ID" --method certified-courier \
                --route A-4 --limit 24 --reason r | jq -r .shipment)
}

pack() {
        m cus ship pack "$SHIPMENT" "${all_levels[@]}" --seal "$1" --seal "$2" --label-checked --device "$ID=$DEVICE"
}

@test "T7: CONFIDENCIAL in clear never travels, whatever the registry says" {
        m cus label print "$ID" --out "$BATS_TEST_TMPDIR/label.pdf" >/dev/null
        create
        expect 5 pack S-101 S-102
        [[ $output == *"[T7 · ENS mp.si.4"* ]]
        encrypted
        dd if=/dev/zero of="$DEVICE" bs=1M count=1 conv=notrunc,fsync status=none
        expect 5 pack S-101 S-102
        [ "$(m cus --json ship show "$SHIPMENT" | jq -r .state)" = created ]
}

@test "T1 to T5, C8: five checkpoints, each signed; the form says all but the secret" {
        encrypted
        expect 5 m cus ship create --from Norte --to Sur --recipient rosa --media "$ID" --method standard-courier --route A-4 --limit 24 --reason r
        [[ $output == *"[T1 · ENS mp.si.4]"* ]]
        create
        expect 5 pack S-101 S-102 # no label
        [[ $output == *"[T2 · ENS mp.si.4]"* ]]
        m cus label print "$ID" --out "$BATS_TEST_TMPDIR/label.pdf" >/dev/null
        expect 0 pack S-101 S-102
        expect 3 m cus ship authorise "$SHIPMENT"
        expect 0 m ana ship authorise "$SHIPMENT"
        expect 7 m cus ship pickup "$SHIPMENT" --seal S-101 --seal S-102 --company C --courier c
        expect 6 m cus ship dispatch "$SHIPMENT" --seal S-101 --seal S-103
        [[ $output == *"[T5 · ENS mp.si.4]"* ]]
        expect 0 m sara incident close N000001 --resolution "Mal leído"
        expect 0 m cus ship dispatch "$SHIPMENT" --seal S-101 --seal S-102 --shock ok
        expect 0 m cus ship pickup "$SHIPMENT" --seal S-101 --seal S-102 --company "Mensajería Sur" --courier M-77
        expect 7 m rosa ship deliver "$SHIPMENT" --seal S-101 --seal S-102
        expect 0 m cus ship track "$SHIPMENT" --event "En ruta" --position 37.3891,-5.9845 --sign
        expect 3 m uli ship deliver "$SHIPMENT" --seal S-101 --seal S-102
        expect 0 m rosa ship deliver "$SHIPMENT" --seal S-101 --seal S-102
        expect 0 m rosa ship confirm "$SHIPMENT" --media "$ID" --device "$ID=$DEVICE"
        expect 0 m cus --json ship show "$SHIPMENT"
        [ "$(jq -r '[.checkpoints[].signed] | join(" ")' <<<"$output")" = "valid valid valid valid valid valid" ]
        [ "$(jq -r .state <<<"$output")" = confirmed ]
        expect 0 m cus report R-110-019 "$SHIPMENT" --pdf "$BATS_TEST_TMPDIR/form.pdf" --csv "$BATS_TEST_TMPDIR/form.csv"
        pdftotext -layout "$BATS_TEST_TMPDIR/form.pdf" "$BATS_TEST_TMPDIR/form.txt"
        grep -q "LUKS2 AES-128-XTS" "$BATS_TEST_TMPDIR/form.txt"
        grep -q "Rosa Receptora" "$BATS_TEST_TMPDIR/form.txt"
        grep -q "Mensajería Sur" "$BATS_TEST_TMPDIR/form.txt"
        ! grep -q "a-long-enough-secret" "$BATS_TEST_TMPDIR/form.txt"
        grep -q "$ID" "$BATS_TEST_TMPDIR/form.csv"
        expect 0 m sara ledger verify
}

@test "T4: a checkpoint's signature holds for openssl, with what the ledger keeps" {
        encrypted
        create
        m cus label print "$ID" --out "$BATS_TEST_TMPDIR/label.pdf" >/dev/null
        pack S-101 S-102 >/dev/null
        m ana ship authorise "$SHIPMENT" >/dev/null
        expect 0 m cus --json ship dispatch "$SHIPMENT" --seal S-101 --seal S-102
        cd "$BATS_TEST_TMPDIR"
        jq -j '.checkpoints[0].statement' <<<"$output" >statement
        jq -r '.checkpoints[0].certificate' <<<"$output" >certificate.pem
        jq -r '.checkpoints[0].signature' <<<"$output" | base64 -d >signature
        openssl x509 -in certificate.pem -pubkey -noout >public.pem
        digest=sha384
        openssl x509 -in certificate.pem -text -noout | grep -q P-256 && digest=sha256
        openssl dgst -$digest -verify public.pem -signature signature statement
        openssl verify -CAfile "$STORE/org/ca.crt" certificate.pem
        printf ' ' >>statement
        ! openssl dgst -$digest -verify public.pem -signature signature statement
}

@test "T7: a loss opens the breach protocol with its 72 hours" {
        encrypted
        create
        m cus label print "$ID" --out "$BATS_TEST_TMPDIR/label.pdf" >/dev/null
        pack S-101 S-102 >/dev/null
        m ana ship authorise "$SHIPMENT" >/dev/null
        expect 7 m cus ship lost "$SHIPMENT" --circumstances "Nada"
        expect 0 m cus ship dispatch "$SHIPMENT" --seal S-101 --seal S-102
        expect 0 m cus ship lost "$SHIPMENT" --circumstances "Robo del vehículo"
        [ "$(m cus --json media show "$ID" | jq -r .state)" = lost ]
        expect 0 m sara --json incident show N000001
        [ "$(jq -r .kind <<<"$output")" = breach ]
        opened=$(date -u -d "$(jq -r .opened <<<"$output")" +%s)
        deadline=$(date -u -d "$(jq -r .deadline <<<"$output")" +%s)
        [ $((deadline - opened)) = 259200 ]
        expect 0 m sara incident show N000001 --draft "$BATS_TEST_TMPDIR/draft.md"
        grep -q "Robo del vehículo" "$BATS_TEST_TMPDIR/draft.md"
        grep -q "$ID.*\(cifrado\|encrypted\) (LUKS2" "$BATS_TEST_TMPDIR/draft.md"
        expect 5 m sara incident close N000001 --resolution "No aparece"
        expect 0 m sara incident close N000001 --resolution "No aparece" --assessment "Cifrado AES-128: sin riesgo, no se notifica"
}

# lost SEALS…: sent with S-101 and S-102, and lost.
lost() {
        encrypted
        create
        m cus label print "$ID" --out "$BATS_TEST_TMPDIR/label.pdf" >/dev/null
        pack S-101 S-102 >/dev/null
        m ana ship authorise "$SHIPMENT" >/dev/null
        m cus ship dispatch "$SHIPMENT" --seal S-101 --seal S-102 >/dev/null
        m cus ship lost "$SHIPMENT" --circumstances "Robo del vehículo" >/dev/null
}

state() {
        m cus --json media show "$ID" | jq -r .state
}

@test "U9 S6: a lost disk turns up: another one is not it, unread it waits, read it is in custody" {
        lost
        other=$(loop_device other 32M)
        found=(--by "Policía Local" --where "Getafe" --condition "Sin caja")
        expect 5 m sara media recover "$ID" "${found[@]}" --no-seal --device "$other"
        [[ $output == *"[S6 · ENS mp.si.5"* ]]
        [ "$(state)" = lost ]
        expect 0 m sara media recover "$ID" "${found[@]}" --no-seal
        [ "$(state)" = quarantined ] # T5: its seals are gone, and nobody has read it
        [ "$(m sara --json incident show N000002 | jq -r .kind)" = seal ]
        expect 0 m sara --json device show "$DEVICE"
        [ "$(jq -r '.verdict, .rule' <<<"$output" | paste -sd' ')" = "refuse U9" ]
        expect 0 m sara media recover "$ID" "${found[@]}" --device "$DEVICE"
        [ "$(state)" = in-custody ]
        expect 0 m sara --json device show "$DEVICE"
        [ "$(jq -r .verdict <<<"$output")" = accept ]
        expect 7 m uli loan request "$ID" --to uli --reason r --due "$DUE" --location CPD # the incidents are open
        expect 0 m sara ledger replay
        expect 0 m sara ledger verify
}

@test "U9 C2: a lost disk whose header changed, and one that is damaged, are quarantined, and wiping is the way out" {
        lost
        cryptsetup config "$DEVICE" --label Otra # somebody had it in hand
        found=(--by "Policía Local" --where "Getafe" --condition "Caja intacta" --seal S-101 --seal S-102)
        expect 0 m sara media recover "$ID" "${found[@]}" --device "$DEVICE"
        [ "$(state)" = quarantined ]
        [ "$(m sara --json incident show N000002 | jq -r .kind)" = header ]
        expect 7 m oto encrypt run "$ID" "$DEVICE" --confirm "$ID"
        expect 0 m oto wipe run "$ID" --device "$DEVICE" --confirm "$ID"
        [ "$(state)" = sanitized ]
}

@test "S12: a disk that is to be destroyed is neither encrypted anew nor its passphrase handed over; it is wiped, and it is not retired" {
        encrypted
        m oto destroy request "$ID" --reason r --method shred >/dev/null
        m ana destroy approve "$ID" >/dev/null
        expect 7 m oto encrypt run "$ID" "$DEVICE" --replace --confirm "$ID" --no-fill
        [[ $output == *"[S12 · ENS mp.si.5]"* ]]
        expect 7 m cus encrypt handover "$ID" "$DEVICE" --to rosa --letter "$BATS_TEST_TMPDIR/letter.pdf"
        [[ $output == *"[S12 · ENS mp.si.5]"* ]]
        expect 7 m cus --lang es loan request "$ID" --to uli --reason r --due "$DUE" --location CPD
        [[ $output == *"La destrucción D000001 del soporte $ID está aprobada."*"que su propietario retire la aprobación con «destroy refuse»"* ]]
        expect 0 m oto wipe run "$ID" --device "$DEVICE" --confirm "$ID"
        expect 7 m cus media retire "$ID" --reason r
        expect 0 m ana destroy refuse "$ID" --reason "Basta con borrarlo"
        expect 0 m cus media retire "$ID" --reason r
        expect 0 m sara ledger replay
}

@test "S12 X2: a store made before approvals were noted with their medium catches up with them" {
        m oto destroy request "$ID" --reason r --method shred >/dev/null
        m ana destroy approve "$ID" >/dev/null
        version=$(sqlite3 "$STORE/registry.db" "SELECT version FROM schema WHERE room = 'registry'")
        sqlite3 "$STORE/registry.db" "ALTER TABLE medium DROP COLUMN destruction; DROP INDEX medium_unlabelled;
                DROP INDEX medium_category; UPDATE schema SET version = $((version - 2)) WHERE room = 'registry'"
        expect 7 m uli loan request "$ID" --to uli --reason r --due "$DUE" --location CPD
        [[ $output == *"[S12 · ENS mp.si.5]"* ]]
        expect 0 m sara ledger verify
}
