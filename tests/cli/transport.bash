# What the tests of transport have: a store with routes, people who sign, and tapes, which need no device to travel.

# Made once a file, since accounts and keys cost seconds, and copied for each test.
transport_store_once() {
        BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR transport_store
}

transport_store_copy() {
        cp -a "$BATS_FILE_TMPDIR/store" "$BATS_FILE_TMPDIR/secret" "$BATS_TEST_TMPDIR/"
        STORE=$BATS_TEST_TMPDIR/store
        SECRETS=()
        local who
        for who in master organisation recovery pin:sara pin:ana pin:cus pin:rosa pin:eva; do
                SECRETS+=(--secret "$who=file:$BATS_TEST_TMPDIR/secret")
        done
}

transport_store() {
        make_store
        m sara person add rosa --full-name "Rosa Receptora de la Fuente" --roles user >/dev/null
        m sara person add fede --full-name "Federico Ferrer" --roles security >/dev/null
        SECRETS+=(--secret "pin:rosa=file:$BATS_TEST_TMPDIR/secret")
        m sara person enrol cus >/dev/null
        m sara person enrol rosa >/dev/null
        m sara route add norte-sur --from "Hospital Norte, Alcobendas" --to "Hospital Sur, Getafe" --company "Blindados SA" \
                --usual 1 --limit 4 --via "Alcobendas@40.5372,-3.6372" --via "Madrid@40.4168,-3.7038" --via "Getafe@40.3083,-3.7327" \
                --corridor 4 >/dev/null
}

# tape SERIAL CATEGORY CLASSIFICATION: sets TAPE, labelled.
tape() {
        TAPE=$(m cus --json media register --kind tape --classification "${3:-INTERNO}" --category "${2:-BASICA}" --owner ana \
                --expires 2040-01-01 --retention 3650 --serial "$1" --tamper "TI-$1" \
                --epc "3074257BF7194E40$(printf '%08X' "$(cksum <<<"$1" | cut -d ' ' -f 1)")" | jq -r .id)
        m cus label print "$TAPE" --out "$BATS_TEST_TMPDIR/label.pdf" >/dev/null
}

levels=(--level encrypted-medium --level antistatic-bag --level foam --level rigid-container --level security-seal --level outer-pack)

# create MEDIA… -- OPTIONS…: sets SHIPMENT.
create() {
        local media=()
        while [ "$1" != -- ]; do
                media+=(--media "$1")
                shift
        done
        shift
        SHIPMENT=$(m cus --json ship create "${media[@]}" --recipient rosa --reason "Segunda opinión" "$@" | jq -r .shipment)
        [ -n "$SHIPMENT" ]
}

# ready SEAL OPTIONS…: packed and authorised.
ready() {
        local seal=$1
        shift
        m cus ship pack "$SHIPMENT" "${levels[@]}" --seal "$seal" --label-checked "$@" >/dev/null
        m ana ship authorise "$SHIPMENT" >/dev/null
}

# gpx FILE FIRST STEP POINT…: a track whose first point is at FIRST (seconds), one each STEP.
gpx() {
        local file=$1 at=$2 step=$3 point
        shift 3
        {
                printf '<?xml version="1.0" encoding="UTF-8"?>\n<gpx version="1.1" creator="rastreador" xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>\n'
                for point; do
                        printf '<trkpt lat="%s" lon="%s"><ele>650</ele><time>%s</time></trkpt>\n' "${point%,*}" "${point#*,}" \
                                "$(date -u -d "@$at" +%FT%TZ)"
                        at=$((at + step))
                done
                printf '</trkseg></trk></gpx>\n'
        } >"$file"
}

# way LAT LON LAT LON N: N points of the straight line between two places.
way() {
        awk -v a="$1" -v b="$2" -v c="$3" -v d="$4" -v n="$5" 'BEGIN { for (i = 0; i < n; i++)
                printf "%.6f,%.6f\n", a + (c - a) * i / (n - 1), b + (d - b) * i / (n - 1) }'
}
