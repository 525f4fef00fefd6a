#!/bin/bash
# Builds mpsi and runs its main job on two media made of files: registered, labelled, encrypted, lent, shipped, wiped or
# destroyed, certified. Everything it makes is in ./demo; an older ./demo is moved aside.
#   ./quickstart.sh        in the language of your locale (LANG=en_GB.UTF-8 for English)
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"

# The same choice as mpsi's: English where the locale says so, else Spanish.
LANGUAGE=es
case "${LC_ALL:-${LC_MESSAGES:-${LANG:-}}}" in
en*) LANGUAGE=en ;;
esac
say() {
        if [ "$LANGUAGE" = es ]; then printf '%s\n' "$1"; else printf '%s\n' "$2"; fi
}

NUMBER=0
step() {
        NUMBER=$((NUMBER + 1))
        if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then printf '\n\033[1m%s. ' "$NUMBER"; else printf '\n%s. ' "$NUMBER"; fi
        say "$1" "$2"
        if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then printf '\033[0m'; fi
}

has() {
        command -v "$1" >/dev/null
}

build() {
        say 'Paquetes de Debian que hagan falta…' 'Debian packages that are missing…'
        scripts/install-packages build demo
        say 'Se compila mpsi…' 'Building mpsi…'
        cmake --preset release -DMPSI_TESTS=OFF >/dev/null
        cmake --build --preset release -j "$(nproc)" >/dev/null
}

# The media: two loop devices where they can be had, else the files themselves; mpsi runs the same code on both.
make_media() {
        truncate -s 64M demo/media-1.img demo/media-2.img
        FIRST=$PWD/demo/media-1.img SECOND=$PWD/demo/media-2.img
        LOOPS=()
        if [ "$(id -u)" -eq 0 ] && has losetup && FIRST_LOOP=$(losetup --find --show "$FIRST" 2>/dev/null); then
                LOOPS+=("$FIRST_LOOP")
                if SECOND_LOOP=$(losetup --find --show "$SECOND" 2>/dev/null); then
                        LOOPS+=("$SECOND_LOOP")
                        FIRST=$FIRST_LOOP SECOND=$SECOND_LOOP
                fi
        fi
        say "Soportes: $FIRST y $SECOND" "Media: $FIRST and $SECOND"
}

# Lines of the patient data that are readable on a medium by anybody.
readable() {
        sync
        grep -a -c 'PACIENTE 0042' "$1" || true
}

show_readable() {
        say "Líneas de datos de pacientes legibles en crudo: $(readable demo/media-1.img) y $(readable demo/media-2.img)" \
                "Lines of patient data readable in the raw bytes: $(readable demo/media-1.img) and $(readable demo/media-2.img)"
}

check_headers() {
        has cryptsetup || return 0
        local image
        say '   según cryptsetup:' '   according to cryptsetup:'
        for image in demo/media-1.img demo/media-2.img; do
                cryptsetup luksDump "$image" | grep -E '^Label:|^Subsystem:|cipher: |Cipher key: |^  0: mpsi' | sed 's/^[ \t]*/     /'
        done
}

# bytes_of FILE START N. Not a pipe: its writer would die of the reader's early end.
bytes_of() {
        head -c "$3" < <(tail -c "+$(($2 + 1))" "$1")
}

# Each signature of a certificate, cut out of the PDF by its ByteRange and given to openssl.
check_signatures() {
        local pdf=$1 folder number=0 start n1 second n2
        folder=$(mktemp -d)
        while read -r start n1 second n2; do
                number=$((number + 1))
                { bytes_of "$pdf" "$start" "$n1" && bytes_of "$pdf" "$second" "$n2"; } >"$folder/signed"
                # Between the two stretches stands <hexadecimal>, padded with zeros after the DER.
                bytes_of "$pdf" "$((n1 + 1))" "$((second - n1 - 2))" | tr a-f A-F | basenc --base16 -d >"$folder/signature"
                printf '     openssl cms, %s: ' "$number"
                openssl cms -verify -inform DER -in "$folder/signature" -content "$folder/signed" -binary -purpose any \
                        -CAfile demo/store/org/ca.crt -out /dev/null 2>&1 | tail -n 1
        done < <(grep -a -o '/ByteRange *\[[0-9 ]*\]' "$pdf" | tr -dc '0-9 \n')
        rm -rf "$folder"
}

check_results() {
        local file text
        step 'Comprobaciones con programas ajenos.' 'Checks by programs that are not ours.'
        for file in demo/R-110-021-1.pdf demo/R-110-021-2.pdf; do
                printf '   %s\n' "$file"
                has pdfsig && pdfsig "$file" 2>/dev/null | grep -E 'Signer Certificate Common Name|Signature Validation' | sed 's/^ *-* */     pdfsig: /'
                has qpdf && qpdf --check "$file" 2>&1 | grep -i 'no syntax' | sed 's/^/     qpdf: /'
                check_signatures "$file"
        done
        for file in demo/label-*-203.png demo/label-*-300.png; do
                has zbarimg || break
                text=$(zbarimg --quiet --raw "$file" 2>/dev/null | head -n 1)
                printf '   %s\n     zbarimg: %s\n' "$file" "$text"
        done
        if [ -n "${text:-}" ]; then
                text=$(zbarimg --quiet --raw demo/label-1-203.png 2>/dev/null | head -n 1)
                act carlos label scan "$text"
        fi
        cp demo/R-110-021-1.pdf demo/tampered.pdf
        printf 'X' | dd of=demo/tampered.pdf bs=1 seek=900 conv=notrunc status=none
        say '   Y con un byte cambiado, mpsi lo rechaza:' '   And with one byte changed, mpsi refuses it:'
        act carlos certificate verify demo/tampered.pdf 2>&1 | sed 's/^/     /' || true
        rm -f demo/tampered.pdf
}

how_to_look() {
        local mpsi='build/release/mpsi --store demo/store --as elena'
        printf '\n'
        say "En ./demo quedan:
  store/                    el almacén: registro, libro firmado, bóveda de claves
  label-1.*, label-2.*      etiquetas (PDF, SVG, ZPL; PNG a 203 y 300 ppp)
  loan-receipt.pdf, loan-return.pdf   recibos de préstamo
  R-110-019.pdf .csv        formulario de envío
  R-110-020.pdf             solicitud de destrucción
  R-110-021-1.pdf           certificado de borrado        R-110-021-2.pdf  certificado de destrucción
  R-110-022.pdf .csv .json  inventario                    checkpoint.txt   punto de control firmado
Mírelos y compruébelos:
  xdg-open demo/R-110-021-1.pdf
  pdfsig demo/R-110-021-1.pdf
  openssl x509 -in demo/store/org/ca.crt -noout -subject -fingerprint -sha256
  build/release/mpsi certificate verify demo/R-110-021-1.pdf --ca demo/store/org/ca.crt
  $mpsi media list
  $mpsi media history $FIRST_ID
  $mpsi ledger verify
  build/release/mpsi --help" \
                "In ./demo there are:
  store/                    the store: registry, signed ledger, key vault
  label-1.*, label-2.*      labels (PDF, SVG, ZPL; PNG at 203 and 300 dpi)
  loan-receipt.pdf, loan-return.pdf   receipts of the loan
  R-110-019.pdf .csv        shipping form
  R-110-020.pdf             destruction request
  R-110-021-1.pdf           sanitization certificate      R-110-021-2.pdf  destruction certificate
  R-110-022.pdf .csv .json  inventory                     checkpoint.txt   signed checkpoint
Look at them and check them:
  xdg-open demo/R-110-021-1.pdf
  pdfsig demo/R-110-021-1.pdf
  openssl x509 -in demo/store/org/ca.crt -noout -subject -fingerprint -sha256
  build/release/mpsi certificate verify demo/R-110-021-1.pdf --ca demo/store/org/ca.crt
  $mpsi media list
  $mpsi media history $FIRST_ID
  $mpsi ledger verify
  build/release/mpsi --help"
}

on_exit() {
        local status=$? loop
        for loop in "${LOOPS[@]}"; do
                losetup --detach "$loop" 2>/dev/null || true
        done
        [ "$status" -eq 0 ] || say "quickstart.sh no ha terminado (estado $status)." "quickstart.sh did not finish (status $status)." >&2
}

LOOPS=()
trap on_exit EXIT
build
# A fresh machine may have no other locale, and the C locale has no accents.
export LC_ALL=C.UTF-8
SECONDS=0
if [ -e demo ]; then
        aside=demo.$(date +%Y%m%d-%H%M%S)
        mv demo "$aside"
        say "El ./demo anterior está ahora en ./$aside." "The former ./demo is now ./$aside."
fi
mkdir -m 0700 demo

MPSI=$PWD/build/release/mpsi STORE=demo/store OUT=demo SECRETS=demo/secrets
. scripts/main-job.bash

make_media
make_secrets
job_init
job_people
job_places
job_register
write_patient_data
show_readable
job_encrypt
check_headers
show_readable
job_label
job_loan
job_ship
job_wipe
show_readable
job_destroy
job_certificate
job_report
check_results
how_to_look
printf '\n'
say "Hecho en $SECONDS s." "Done in $SECONDS s."
