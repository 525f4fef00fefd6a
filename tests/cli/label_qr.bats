# Labels (L2, L5, L6, L10): printed, read by another program, scanned back, recorded, void after a change.
load helper

setup_file() {
        export STORE=$BATS_FILE_TMPDIR/store SECRETS=$BATS_FILE_TMPDIR/secrets
        umask 077
        mkdir -p "$SECRETS"
        for purpose in organisation master recovery pin; do
                printf 'una frase larga para %s\n' "$purpose" >"$SECRETS/$purpose"
        done
        mpsi_as admin init --organisation 'Hospital Universitario Quirós' --site HQ --category ALTA --station custodia-1 \
                --language es --admin admin --admin-name 'Sara Vidal' >&2
        mpsi_as admin person add owner --full-name 'Carmen Núñez de Arce' --roles owner >&2
        mpsi_as admin person add custodian --full-name 'Luis Pérez' --roles custodian >&2
        mpsi_as admin person add auditor --full-name 'Ana Gil' --roles auditor --expires "$(date -d '+20 days' +%F)" >&2
        mpsi_as custodian media register --kind hdd --classification CONFIDENCIAL --category MEDIA --owner owner --health \
                --expires 2030-01-01 --retention 1825 --serial WD-1 --model 'WD Red' >&2
        mpsi_as custodian media register --kind ssd --classification SECRETO --category ALTA --owner owner \
                --expires 2030-01-01 --retention 1825 --serial S-2 --epc 3034257BF7194E4000001A85 --tamper TE-42 >&2
        mpsi_as custodian media register --kind ssd --classification SECRETO --category ALTA --owner owner \
                --expires 2030-01-01 --retention 1825 --serial S-3 >&2
}

mpsi_as() {
        local who=$1
        shift
        "$MPSI" --store "$STORE" --as "$who" --secret "organisation=file:$SECRETS/organisation" \
                --secret "master=file:$SECRETS/master" --secret "recovery=file:$SECRETS/recovery" \
                --secret "pin:$who=file:$SECRETS/pin" "$@"
}

id_of() {
        mpsi_as custodian --json media find "$1" | jq -r '.id // .medium // .rows[0].id'
}

read_code() {
        zbarimg -q --raw -Sdisable -Sqrcode.enable "$@" 2>/dev/null
}

# Digits in base 36 as SIZE bytes in hexadecimal.
base36_bytes() {
        local text=$1 size=$2 i b carry digits=0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ rest
        local -a number
        for ((b = 0; b < size; b++)); do number[b]=0; done
        for ((i = 0; i < ${#text}; i++)); do
                rest=${digits%%"${text:i:1}"*}
                carry=${#rest}
                for ((b = size - 1; b >= 0; b--)); do
                        ((carry += number[b] * 36, number[b] = carry & 255, carry >>= 8)) || true
                done
        done
        printf '%02x' "${number[@]}"
}

# One INTEGER of DER from unsigned big-endian hexadecimal.
der_integer() {
        local value=$1
        while [[ $value == 00* && ${#value} -gt 2 ]]; do value=${value:2}; done
        ((16#${value:0:2} & 128)) && value=00$value
        printf '02%02x%s' $((${#value} / 2)) "$value"
}

unhex() {
        local digits
        digits=$(cat)
        printf '%b' "$(sed 's/../\\x&/g' <<<"$digits")"
}

@test "L6: the code of each image reads back, turned, scaled and speckled" {
        for serial in WD-1 S-2; do
                for dpi in 203 300; do
                        expect 0 mpsi_as custodian label print "$(id_of $serial)" --dpi $dpi --out "$BATS_TEST_TMPDIR/l.png"
                        code=$(read_code "$BATS_TEST_TMPDIR/l.png")
                        [[ "$code" =~ ^HQ[0-9]{8}[0-9A-Z]{110}$ ]]
                        convert "$BATS_TEST_TMPDIR/l.png" -background white -rotate 15 "$BATS_TEST_TMPDIR/r.png"
                        convert "$BATS_TEST_TMPDIR/l.png" -resize 70% "$BATS_TEST_TMPDIR/s.png"
                        # Speckle falls where it falls: one of three throws must read, as one of three scans does.
                        for throw in 1 2 3; do
                                convert "$BATS_TEST_TMPDIR/l.png" -colorspace Gray \( +clone -seed $throw -fill gray50 -colorize 100 \
                                        +noise Random -channel G -separate +channel -threshold 98% \) -compose Difference \
                                        -composite "$BATS_TEST_TMPDIR/n$throw.png"
                        done
                        [ "$(read_code "$BATS_TEST_TMPDIR/r.png")" = "$code" ]
                        [ "$(read_code "$BATS_TEST_TMPDIR/s.png")" = "$code" ]
                        [ "$(read_code "$BATS_TEST_TMPDIR"/n?.png | sort -u)" = "$code" ]
                done
        done
}

@test "L6: a scan finds the medium and says that the signature holds; one changed character does not pass" {
        id=$(id_of WD-1)
        expect 0 mpsi_as custodian label print "$id" --out "$BATS_TEST_TMPDIR/l.png"
        code=$(read_code "$BATS_TEST_TMPDIR/l.png")
        expect 0 mpsi_as auditor --json label scan "$code"
        [ "$(jq -r '[.medium, .signature, .label, .content_same] | join(" ")' <<<"$output")" = "$id valid current true" ]
        # a scanner set to US keyboards on a Spanish one, and a hand's lower case
        expect 0 mpsi_as auditor --json label scan "'${code,,}Ñ"
        [ "$(jq -r .signature <<<"$output")" = valid ]
        last=${code: -1}
        other=$([ "$last" = 7 ] && echo 8 || echo 7)
        expect 6 mpsi_as auditor label scan "${code%?}$other"
        expect 2 mpsi_as auditor label scan "${code%?}"
        expect 0 mpsi_as auditor --json label scan "$id"
        [ "$(jq -r '[.signature, .label] | join(" ")' <<<"$output")" = "absent unsigned" ]
        expect 4 mpsi_as auditor label scan 'NADA'
}

@test "L6: with the public certificate alone, without a store" {
        expect 0 mpsi_as custodian label print "$(id_of S-2)" --out "$BATS_TEST_TMPDIR/l.png"
        code=$(read_code "$BATS_TEST_TMPDIR/l.png")
        sqlite3 "$STORE/registry.db" 'SELECT certificate FROM station' >"$BATS_TEST_TMPDIR/station.pem"
        sqlite3 "$STORE/registry.db" 'SELECT ca_certificate FROM station' >"$BATS_TEST_TMPDIR/ca.pem"
        cd "$BATS_TEST_TMPDIR"
        expect 0 env HOME=/nonexistent XDG_DATA_HOME=/nonexistent "$MPSI" --json label verify "$code" --certificate station.pem
        [ "$(jq -r '[.signature, .classification, .category, .expires] | join(" ")' <<<"$output")" = "valid SECRETO ALTA 2030-01-01" ]
        expect 6 "$MPSI" label verify "$code" --certificate ca.pem
        expect 6 "$MPSI" label verify "${code:0:11}" --certificate station.pem
        # openssl agrees: the same bytes, hashed and checked by it
        raw=$(base36_bytes "${code:11}" 70)
        body=$(der_integer "${raw:12:64}")$(der_integer "${raw:76:64}")
        printf '30%02x%s' $((${#body} / 2)) "$body" | unhex >signature.der
        printf 'mpsi-label-1:%s' "${code:0:11}" >message
        unhex <<<"${raw:0:12}" >>message
        openssl x509 -in station.pem -pubkey -noout >public.pem
        openssl dgst -sha256 -verify public.pem -signature signature.der message
}

@test "L10: a print is recorded; a newer one and a change make it void" {
        id=$(id_of WD-1)
        expect 0 mpsi_as custodian label print "$id" --out "$BATS_TEST_TMPDIR/a.png"
        first=$(read_code "$BATS_TEST_TMPDIR/a.png")
        expect 0 mpsi_as custodian label print "$id" --out "$BATS_TEST_TMPDIR/b.png"
        second=$(read_code "$BATS_TEST_TMPDIR/b.png")
        [ "$(mpsi_as custodian --json label scan "$first" | jq -r .label)" = superseded ]
        [ "$(mpsi_as custodian --json label scan "$second" | jq -r .label)" = current ]
        expect 0 mpsi_as owner media classify "$id" --expires 2029-06-01 --reason "revisión anual"
        [ "$(mpsi_as custodian --json label scan "$second" | jq -r .label)" = void ]
        mpsi_as auditor --json media history "$id" | grep -q label.printed
        expect 0 mpsi_as admin ledger verify
}

@test "L10: several files of one print are one revision, all valid" {
        id=$(id_of WD-1)
        expect 0 mpsi_as custodian --json label print "$id" --out "$BATS_TEST_TMPDIR/m.png" --out "$BATS_TEST_TMPDIR/m.pdf" --out "$BATS_TEST_TMPDIR/m.zpl"
        revision=$(jq '.rows[0].revision' <<<"$output")
        [ "$(mpsi_as custodian --json media show "$id" | jq .label_revision)" = "$revision" ]
        [ "$(head -c 5 "$BATS_TEST_TMPDIR/m.pdf")" = %PDF- ]
        grep -q '\^GFA' "$BATS_TEST_TMPDIR/m.zpl"
        [ "$(mpsi_as custodian --json label scan "$(read_code "$BATS_TEST_TMPDIR/m.png")" | jq -r .label)" = current ]
        # One that can't be written takes the others away, and nothing is recorded.
        expect 1 mpsi_as custodian label print "$id" --out "$BATS_TEST_TMPDIR/n.png" --out "$BATS_TEST_TMPDIR/nowhere/n.pdf"
        [ ! -e "$BATS_TEST_TMPDIR/n.png" ]
        [ "$(mpsi_as custodian --json media show "$id" | jq .label_revision)" = "$revision" ]
}

@test "L2: what a category demands and the medium lacks is named, and nothing is written" {
        id=$(id_of S-3)
        expect 5 mpsi_as custodian --lang en label print "$id" --out "$BATS_TEST_TMPDIR/x.pdf"
        [[ "$output" == *"the RFID EPC, the tamper-indicator number"* ]]
        [ ! -e "$BATS_TEST_TMPDIR/x.pdf" ]
        [ "$(mpsi_as custodian --json media show "$id" | jq -r .label_state)" = none ]
}

@test "L5: several media in one PDF, a sheet, SVG and ZPL with its tag; a design of one's own" {
        a=$(id_of WD-1) b=$(id_of S-2)
        expect 0 mpsi_as custodian label print "$a" "$b" --out "$BATS_TEST_TMPDIR/both.pdf"
        [ "$(pdfinfo "$BATS_TEST_TMPDIR/both.pdf" | awk '/^Pages/ {print $2}')" = 2 ]
        expect 0 mpsi_as custodian label print "$a" "$b" --sheet --first 5 --design compact --out "$BATS_TEST_TMPDIR/sheet.pdf"
        pdftoppm -r 300 -png -singlefile "$BATS_TEST_TMPDIR/sheet.pdf" "$BATS_TEST_TMPDIR/sheet"
        [ "$(read_code "$BATS_TEST_TMPDIR/sheet.png" | wc -l)" = 2 ]
        expect 0 mpsi_as custodian label print "$b" --format zpl --out "$BATS_TEST_TMPDIR/l.zpl"
        grep -q '\^RFW,H,2,12,1^FD3034257BF7194E4000001A85^FS' "$BATS_TEST_TMPDIR/l.zpl"
        expect 0 mpsi_as custodian label print "$b" --out "$BATS_TEST_TMPDIR/l.svg"
        grep -q '<svg' "$BATS_TEST_TMPDIR/l.svg"
        expect 2 mpsi_as custodian label print "$a" "$b" --out "$BATS_TEST_TMPDIR/two.png"
        mkdir -p "$STORE/labels"
        sed 's/^name.es = .*/name.es = La nuestra/' "$MPSI_SOURCE/labels/standard.ini" >"$STORE/labels/nuestra.ini"
        expect 0 mpsi_as custodian --json label designs
        jq -e '.rows[] | select(.design == "nuestra")' <<<"$output"
        expect 0 mpsi_as custodian label print "$a" --design nuestra --out "$BATS_TEST_TMPDIR/own.pdf"
        printf '[label]\nname.es = Mala\nwidth = 900\n' >"$STORE/labels/nuestra.ini"
        expect 2 mpsi_as custodian label print "$a" --design nuestra --out "$BATS_TEST_TMPDIR/own2.pdf"
        rm "$STORE/labels/nuestra.ini"
        expect 4 mpsi_as custodian label print "$a" --design nadie --out "$BATS_TEST_TMPDIR/none.pdf"
}

@test "X1: an auditor prints nothing; a dry run writes and records nothing" {
        id=$(id_of S-2)
        expect 3 mpsi_as auditor label print "$id" --out "$BATS_TEST_TMPDIR/x.pdf"
        before=$(mpsi_as custodian --json media show "$id" | jq .label_revision)
        expect 0 mpsi_as custodian --dry-run label print "$id" --out "$BATS_TEST_TMPDIR/x.pdf"
        [ ! -e "$BATS_TEST_TMPDIR/x.pdf" ]
        [ "$(mpsi_as custodian --json media show "$id" | jq .label_revision)" = "$before" ]
}
