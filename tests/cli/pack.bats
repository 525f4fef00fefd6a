# The pack for an auditor, and its verifier, which must see every kind of tampering: A2, A4, S9, X2, X6, X8.
load helper
source "$MPSI_SOURCE/scripts/main-job.bash"

setup_file() {
        export STORE=$BATS_FILE_TMPDIR/store OUT=$BATS_FILE_TMPDIR SECRETS=$BATS_FILE_TMPDIR/secrets LANGUAGE=es
        export PACK=$BATS_FILE_TMPDIR/pack ROOT=$BATS_FILE_TMPDIR/store/org/ca.crt
        FIRST=$BATS_FILE_TMPDIR/first.img SECOND=$BATS_FILE_TMPDIR/second.img
        truncate -s 64M "$FIRST" "$SECOND"
        make_secrets
        { job_init && job_people && job_places && job_register && job_encrypt && job_label && job_ship && job_wipe &&
                job_destroy && job_certificate; } >"$BATS_FILE_TMPDIR/log" 2>&1 || { tail -5 "$BATS_FILE_TMPDIR/log"; return 1; }
        act carlos audit start destruction --category ALTA >/dev/null
        act elena report pack --out "$PACK" --for 'Auditora de Prueba' >"$BATS_FILE_TMPDIR/said" 2>&1
}

setup() {
        make_secrets
        cp -a "$PACK" "$BATS_TEST_TMPDIR/pack"
        cd "$BATS_TEST_TMPDIR/pack"
        CERTIFICATE=$(printf '%s\n' R-110-021/*.pdf | head -n 1)
}

verify() {
        run sh verify.sh "${1:-$ROOT}"
}

# sign_again: the list made anew and sealed with the organisation's own key, as somebody inside could.
sign_again() {
        find . -type f ! -name 'MANIFEST.*' -printf '%P\n' | LC_ALL=C sort | xargs sha256sum >MANIFEST.sha256
        openssl pkey -in "$STORE/org/seal.key" -passin "file:$SECRETS/organisation" -out "$BATS_TEST_TMPDIR/seal.key"
        openssl dgst -sha384 -sign "$BATS_TEST_TMPDIR/seal.key" -out MANIFEST.sig MANIFEST.sha256
}

@test "A2: the pack holds every form three times, the index by measure in both languages, and verifies" {
        local number
        verify
        printf '%s\n' "$output"
        [ "$status" -eq 0 ]
        [[ $output == *"6 firmas / signatures"* ]]
        for number in 019 020 021 022 023 024; do
                compgen -G "R-110-$number/*.pdf"
                compgen -G "R-110-$number/*.csv"
                compgen -G "R-110-$number/*.json"
        done
        for number in {kpi/kpi,kpi/metrics,training/training}.{pdf,csv,json}; do [ -s "$number" ]; done
        # The station's configuration alone is missing: there is no station.
        [ "$(grep -c Falta "$OUT/said")" -eq 1 ]
        grep -q 'Falta: Configuración de referencia' "$OUT/said"
        for number in 1 2 3 4 5; do grep -q "mp.si.$number" index.html; done
        grep -q 'lang="es"' index.html
        grep -q 'lang="en"' index.html
        grep -q 'op.exp.2' index.html
        [ "$(grep -ci '<script\|javascript:\|onload' index.html)" -eq 0 ]
        grep -q '"mp.si.5","Borrado y destrucción","RD 311/2022 anexo II mp.si.5"' index.csv
        while read -r number; do [ -f "$number" ]; done < <(grep -o 'href="[^#"]*"' index.html | cut -d '"' -f 2)
        jq -e '.ledger' "R-110-021/$(basename "$CERTIFICATE" .pdf).json" >/dev/null
        [ "$(jq -r '.event | fromjson? // . | .type' ledger/proof.json)" = pack.started ]
        [ "$(act elena --json media list | jq '.rows | length')" = "$(jq '.media | length' R-110-022/inventory.json)" ]
        [ -z "$(grep -rlF "$STORE" .)" ] # no path of the station
        act elena ledger export --out "$BATS_TEST_TMPDIR/events" >/dev/null
        [ "$(grep -c '"pack.made"' "$BATS_TEST_TMPDIR/events")" -ge 1 ]
        act elena ledger verify
}

@test "A2: a shell without anything but openssl and coreutils verifies it" {
        local tool bin=$BATS_TEST_TMPDIR/bin
        mkdir "$bin"
        for tool in openssl $(dpkg -L coreutils | grep '^/bin/\|^/usr/bin/' | xargs -n 1 basename); do
                ln -s "$(command -v "$tool")" "$bin/$tool" 2>/dev/null || true
        done
        run env -i PATH="$bin" /bin/dash verify.sh "$ROOT"
        printf '%s\n' "$output"
        [ "$status" -eq 0 ]
}

@test "X2: an altered, a removed, an added and a renamed file fail" {
        printf x >>R-110-022/inventory.csv
        verify
        [ "$status" -eq 1 ]
        [[ $output == *"inventory.csv: ha cambiado / has changed"* ]]
        cp "$PACK/R-110-022/inventory.csv" R-110-022/
        verify && [ "$status" -eq 0 ]
        rm R-110-023/accesses.pdf
        verify
        [ "$status" -eq 1 ]
        [[ $output == *"accesses.pdf: falta / is missing"* ]]
        cp "$PACK/R-110-023/accesses.pdf" R-110-023/
        printf x >R-110-019/.hidden
        verify
        [ "$status" -eq 1 ]
        rm R-110-019/.hidden
        mv "$CERTIFICATE" R-110-021/HQ-2020-000099.pdf
        verify
        [ "$status" -eq 1 ]
        [[ $output == *"is missing"* ]]
}

@test "S9: another certificate in its place fails, even when the list is made anew" {
        cp "$(printf '%s\n' R-110-021/*.pdf | tail -n 1)" "$CERTIFICATE"
        verify
        [ "$status" -eq 1 ]
        # By somebody without the seal.
        find . -type f ! -name 'MANIFEST.*' -printf '%P\n' | LC_ALL=C sort | xargs sha256sum >MANIFEST.sha256
        verify
        [ "$status" -eq 1 ]
        [[ $output == *"MANIFEST.sha256: la firma no vale"* ]]
}

@test "S9: whoever has the seal can't hide a changed certificate: its own signatures fail" {
        sign_again
        verify
        [ "$status" -eq 0 ]
        # One byte of the first page's content.
        printf 'X' | dd of="$CERTIFICATE" bs=1 seek=3000 conv=notrunc status=none
        sign_again
        verify
        [ "$status" -eq 1 ]
        [[ $output == *"$CERTIFICATE: una firma no vale"* ]]
        cp "$PACK/$CERTIFICATE" "$CERTIFICATE"
        printf 'more' >>"$CERTIFICATE"
        sign_again
        verify
        [ "$status" -eq 1 ]
        [[ $output == *"added after the signature"* ]]
        cp "$PACK/$CERTIFICATE" "$CERTIFICATE"
        sed -i "\#$CERTIFICATE#d" verify.txt
        sign_again
        verify
        [ "$status" -eq 1 ]
        [[ $output == *"not checked"* ]]
}

@test "X2: a changed checkpoint, another root, a person's or another organisation's seal fail" {
        sed -i '2s/.*/1/' ledger/checkpoint.txt
        sign_again
        verify
        [ "$status" -eq 1 ]
        [[ $output == *"ledger/checkpoint.txt"* ]]
        cp "$PACK"/MANIFEST.* .
        cp "$PACK/ledger/checkpoint.txt" ledger/
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -keyout "$BATS_TEST_TMPDIR/k" -subj /CN=otra -days 9 \
                -out "$BATS_TEST_TMPDIR/other.pem" 2>/dev/null
        verify "$BATS_TEST_TMPDIR/other.pem"
        [ "$status" -eq 1 ]
        cp "$BATS_TEST_TMPDIR/other.pem" certificates/seal.pem
        find . -type f ! -name 'MANIFEST.*' -printf '%P\n' | LC_ALL=C sort | xargs sha256sum >MANIFEST.sha256
        openssl dgst -sha384 -sign "$BATS_TEST_TMPDIR/k" -out MANIFEST.sig MANIFEST.sha256
        verify
        [ "$status" -eq 1 ]
        [[ $output == *"not of the root"* ]]
        # A person of the organisation signs it with their own certificate.
        openssl pkey -in "$(printf '%s\n' "$STORE"/people/elena-*.key | head -n 1)" -passin "file:$SECRETS/pin-elena" -out "$BATS_TEST_TMPDIR/p"
        act elena --json person show elena | jq -r '.certificate // empty' >certificates/seal.pem
        [ -s certificates/seal.pem ] || sqlite3 "$STORE/registry.db" "SELECT certificate FROM person WHERE name = 'elena'" >certificates/seal.pem
        find . -type f ! -name 'MANIFEST.*' -printf '%P\n' | LC_ALL=C sort | xargs sha256sum >MANIFEST.sha256
        openssl dgst -sha384 -sign "$BATS_TEST_TMPDIR/p" -out MANIFEST.sig MANIFEST.sha256
        verify
        [ "$status" -eq 1 ]
        [[ $output == *"is a person's"* ]]
        verify /nonexistent
        [ "$status" -eq 2 ]
}

@test "A4: only the administrator makes it, over nothing, whole or not at all; .tar holds the same" {
        expect 3 act carlos report pack --out "$BATS_TEST_TMPDIR/p" --for x
        act elena person add audi --full-name 'Audi Tora' --roles auditor --expires "$(in_days 20)"
        expect 3 act audi report pack --out "$BATS_TEST_TMPDIR/p" --for x
        expect 7 act elena report pack --out "$PACK" --for x
        expect 2 act elena report pack --out "$BATS_TEST_TMPDIR/p" --for x --from 2026-02-01 --to 2026-01-01
        expect 2 act elena report pack --out "$BATS_TEST_TMPDIR/p"
        [ ! -e "$BATS_TEST_TMPDIR/p" ]
        # A photo's or a certificate's bytes are gone: nothing is left behind.
        mv "$STORE/attachments" "$STORE/attachments.away"
        mkdir "$STORE/attachments"
        run act elena report pack --out "$BATS_TEST_TMPDIR/p" --for x
        rmdir "$STORE/attachments"
        mv "$STORE/attachments.away" "$STORE/attachments"
        [ "$status" -ne 0 ]
        [ -z "$(find "$BATS_TEST_TMPDIR" -maxdepth 1 -name '.mpsi-pack*' -o -maxdepth 1 -name p)" ]
        expect 0 act elena --dry-run report pack --out "$BATS_TEST_TMPDIR/p.tar" --for x
        [ ! -e "$BATS_TEST_TMPDIR/p.tar" ]
        expect 0 act elena report pack --out "$BATS_TEST_TMPDIR/p.tar" --for x --category ALTA
        tar -xf "$BATS_TEST_TMPDIR/p.tar" -C "$BATS_TEST_TMPDIR"
        cd "$BATS_TEST_TMPDIR/mpsi-pack"
        verify
        [ "$status" -eq 0 ]
        [ "$(jq '.media | length' R-110-022/inventory.json)" = 1 ]
        [ ! -d R-110-019 ] # the shipment was of a MEDIA medium
}
