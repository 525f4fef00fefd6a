# KPIs and metrics: K1, K2, K3, U8, L10, X5, A4. An independent program computes every figure from the exported events.
load helper

setup_file() {
        load helper
        STORE=$BATS_FILE_TMPDIR/store
        "$MPSI_BUILD/tests/metrics_history" "$STORE" 7
        "$MPSI" --store "$STORE" --as sara person add aud --full-name "Aud Itor" --roles auditor --expires \
                "$(date -u -d '+20 days' +%F)" >/dev/null
        "$MPSI" --store "$STORE" --as sara ledger export --out "$BATS_FILE_TMPDIR/events" >/dev/null
}

setup() {
        STORE=$BATS_FILE_TMPDIR/store
        SECRETS=()
}

# agrees REPORT ARGS…: what the report says is what the events give.
agrees() {
        m sara --json report "$@" >"$BATS_TEST_TMPDIR/report"
        expect 0 python3 "$BATS_TEST_DIRNAME/kpi_check.py" "$BATS_FILE_TMPDIR/events" "$BATS_TEST_TMPDIR/report"
        [[ $output == *"0 differ"* ]]
}

@test "K1 L10 U8: every KPI of every period is what an independent program computes" {
        agrees kpi
        agrees kpi --from 2023-10-01 --to 2024-04-30
        agrees kpi --from 2024-02-29 --to 2024-02-29
        agrees kpi --from 2024-02-01 --to 2024-02-29
        agrees kpi --from 2023-10-29 --to 2023-10-29
        agrees kpi --from 2023-12-31 --to 2024-01-01
        agrees kpi --from 2024-03-30 --to 2024-04-01
        agrees kpi --to 2024-04-01 --category ALTA
        agrees kpi --from 1970-01-01 --to 2023-10-31
        [ "$(jq '[.rows[] | select(.state == "met")] | length' "$BATS_TEST_TMPDIR/report")" -ge 1 ]
        [ "$(jq '[.rows[] | select(.state == "not-met")] | length' "$BATS_TEST_TMPDIR/report")" -ge 1 ]
        # The period is one of UTC, whatever the zone of who asks.
        m sara --json report kpi --from 2023-10-29 --to 2024-03-31 >"$BATS_TEST_TMPDIR/utc"
        TZ=Europe/Madrid m sara --json report kpi --from 2023-10-29 --to 2024-03-31 >"$BATS_TEST_TMPDIR/madrid"
        TZ=America/Los_Angeles m sara --json report kpi --from 2023-10-29 --to 2024-03-31 >"$BATS_TEST_TMPDIR/angeles"
        cmp "$BATS_TEST_TMPDIR/utc" "$BATS_TEST_TMPDIR/madrid"
        cmp "$BATS_TEST_TMPDIR/utc" "$BATS_TEST_TMPDIR/angeles"
        # A check that can't fail proves nothing.
        jq '(.rows[] | select(.kpi == "locate" and .category == "ALTA") | .good) += 1' "$BATS_TEST_TMPDIR/report" \
                >"$BATS_TEST_TMPDIR/wrong"
        expect 1 python3 "$BATS_TEST_DIRNAME/kpi_check.py" "$BATS_FILE_TMPDIR/events" "$BATS_TEST_TMPDIR/wrong"
        [[ $output == *"locate ALTA counts"* ]]
}

@test "K2 X5: so is every metric, day by day" {
        agrees metrics --from 2023-10-03 --to 2024-01-31
        agrees metrics --from 2024-02-01 --to 2024-04-01
        agrees metrics --from 2024-03-31 --to 2024-03-31
        agrees metrics
        [ "$(jq -r '.rows | length' "$BATS_TEST_TMPDIR/report")" = 7 ]
}

@test "K1 X2: the figures are replayed byte for byte, and an older store catches up" {
        cp -a "$STORE" "$BATS_TEST_TMPDIR/store"
        STORE=$BATS_TEST_TMPDIR/store
        expect 0 m sara ledger replay
        m sara --json report kpi --to 2024-04-01 >"$BATS_TEST_TMPDIR/before"
        for table in $(sqlite3 "$STORE/registry.db" "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'metric\\_%' ESCAPE '\\'"); do
                sqlite3 "$STORE/registry.db" "DROP TABLE $table"
        done
        sqlite3 "$STORE/registry.db" "DELETE FROM schema WHERE room = 'metrics'"
        m sara --json report kpi --to 2024-04-01 >"$BATS_TEST_TMPDIR/after"
        cmp "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
        expect 0 m sara ledger replay
        expect 0 m sara ledger verify
        # Nobody improves a figure unseen.
        sqlite3 "$STORE/registry.db" "UPDATE metric_day SET good = good + 1 WHERE figure = 'labelled' AND day = (SELECT max(day) FROM metric_day WHERE figure = 'labelled')"
        expect 6 m sara ledger verify
        [[ $output == *metric_day* ]]
}

@test "K1: what stands behind a figure is as many as it says" {
        local kpi category counted
        m sara --json report kpi --from 2023-10-01 >"$BATS_TEST_TMPDIR/report"
        for kpi in labelled encrypted locate destruction transport; do
                for category in BASICA MEDIA ALTA; do
                        counted=$(jq --arg k "$kpi" --arg c "$category" '.rows[] | select(.kpi == $k and .category == $c)
                                | if $k == "transport" then .bad else .cases - .good end' "$BATS_TEST_TMPDIR/report")
                        [ "$(m sara --json report kpi --from 2023-10-01 --behind "$kpi" --category "$category" | jq '.rows | length')" = "$counted" ]
                done
        done
        [ "$(jq '[.rows[] | select(.kpi == "locate") | .cases - .good] | add' "$BATS_TEST_TMPDIR/report")" -gt 0 ]
        [ "$(m sara --json report metrics --behind not-located | jq '.rows | length')" = \
                "$(m sara --json report metrics | jq '.rows[] | select(.metric == "not-located") | .cases')" ]
        expect 0 m sara --lang es report kpi --behind labelled --limit 2
        [[ $output == *"sin etiqueta vigente"*"Hay más: aumente --limit."* ]]
        expect 0 m sara --lang en report metrics --behind temperature --from 2023-10-01 --to 2024-04-01
        [[ $output == *"HQ-S03"*"°C"*critical* ]]
        expect 0 m sara --lang en report kpi --behind destruction --from 2023-10-01
        [[ $output == *"without a valid certificate"* ]]
        # How media stood in the past is a sum, not a list.
        expect 2 m sara --lang en report kpi --behind labelled --to 2024-01-31
        [[ $output == *"[K1 · ENS mp.si]"* ]]
}

@test "K1: a period that is none, an unknown category, a day that there is not" {
        expect 2 m sara --lang en report kpi --from 2024-03-31 --to 2024-03-30
        [[ $output == *"ends before it begins"*"[K1 · ENS mp.si]"* ]]
        expect 2 m sara --lang es report kpi --from 2024-03-31 --to 2024-03-30
        [[ $output == *"termina antes de empezar"* ]]
        expect 2 m sara --lang es report metrics --to 2999-01-01
        [[ $output == *"todavía no ha llegado"* ]]
        expect 2 m sara --lang en report kpi --from 2999-01-01
        expect 2 m sara report kpi --from 2023-02-29
        expect 2 m sara report kpi --category MUYALTA
        expect 2 m sara report kpi --behind nothing
        expect 2 m sara --lang en report metrics --from 2020-01-01
        [[ $output == *"is over 400 days"* ]]
        expect 2 m sara report kpi --format openmetrics
        expect 2 m sara report kpi --out "$BATS_TEST_TMPDIR/x"
        [ ! -e "$BATS_TEST_TMPDIR/x" ]
}

@test "K1 K2: without anything to measure there is no data, and never 100 %" {
        make_store
        expect 0 m sara --json report kpi
        [ "$(jq -r '[.rows[].state] | unique | join(" ")' <<<"$output")" = "no-data not-applicable" ]
        [ "$(jq '[.rows[] | .value, (.trend[] | .value)] | unique' -c <<<"$output")" = "[null]" ]
        expect 0 m sara --json report metrics
        [ "$(jq -r '.rows[] | select(.metric == "not-located") | .level' <<<"$output")" = no-data ]
        # The first medium without a label, at once.
        register_tape T1 >/dev/null
        expect 0 m sara --json report kpi --category MEDIA
        [ "$(jq -r '.rows[0] | [.value, .cases, .good, .state] | join(" ")' <<<"$output")" = "0 1 0 not-met" ]
}

@test "K3: OpenMetrics holds to its form, names nobody, and is replaced in one piece" {
        local file=$BATS_TEST_TMPDIR/mpsi.prom first
        expect 0 m sara report metrics --format openmetrics --out "$file"
        first=$(stat -c %i "$file")
        exec 7<"$file"
        expect 0 m sara report kpi --format openmetrics --out "$file"
        [ "$(stat -c %i "$file")" != "$first" ]
        [ "$(tail -n 1 <&7)" = "# EOF" ]
        [ "$(find "$BATS_TEST_TMPDIR" -name '*mpsi.prom*' | wc -l)" = 1 ]
        python3 - "$file" <<'PY'
import re, sys
text = open(sys.argv[1], encoding="utf-8").read()
assert text.endswith("# EOF\n") and text.count("# EOF") == 1
families, current, seen = {}, None, set()
for line in text.splitlines()[:-1]:
    head = re.fullmatch(r"# (TYPE|UNIT|HELP) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)", line)
    if head:
        kind, name, rest = head.groups()
        if kind == "TYPE":
            assert name not in families and rest == "gauge", line
            families[name], current = set(), name
        assert name == current, line
        if kind == "UNIT":
            assert name.endswith("_" + rest), line
        continue
    sample = re.fullmatch(r'([a-z_]+)\{((?:[a-z_]+="(?:[^"\\\n]|\\[\\n"])*",?)+)\} (-?[0-9.e+-]+)', line)
    assert sample and sample.group(1) == current, line
    float(sample.group(3))
    assert (current, sample.group(2)) not in seen, line
    seen.add((current, sample.group(2)))
assert len(families) == 15, families
assert ("mpsi_kpi_target_met", 'site="HQ",kpi="labelled",category="ALTA"') in seen
PY
        ! grep -qE 'HQ[0-9]{8}|HQ-S0|sara|ana|K000001' "$file"
        # The same numbers as the report's.
        [ "$(grep -c '^mpsi_media_labelled_ratio' "$file")" = 3 ]
        m sara --json report kpi | jq -r '.rows[] | select(.kpi == "labelled" and .category == "ALTA") | .value | tonumber / 100' \
                >"$BATS_TEST_TMPDIR/ratio"
        grep -qxF "mpsi_media_labelled_ratio{site=\"HQ\",category=\"ALTA\"} $(cat "$BATS_TEST_TMPDIR/ratio")" "$file"
        # Where it can't be written nothing is half there.
        expect 1 m sara report kpi --format openmetrics --out "$BATS_TEST_TMPDIR/none/mpsi.prom"
}

@test "K3: PDF and CSV in both languages" {
        local dir=$BATS_TEST_TMPDIR
        expect 0 m sara --lang es report kpi --from 2023-10-01 --to 2024-03-31 --pdf "$dir/es.pdf" --csv "$dir/es.csv"
        expect 0 m sara --lang en report kpi --from 2023-10-01 --to 2024-03-31 --pdf "$dir/en.pdf" --csv "$dir/en.csv"
        pdftotext -layout "$dir/es.pdf" - | grep -q "Indicadores clave de los soportes"
        pdftotext -layout "$dir/es.pdf" - | grep -q "BÁSICA *> 95 %"
        pdftotext -layout "$dir/en.pdf" - | grep -q "Time to locate, the longest *HIGH *< 10 min"
        [ "$(pdftotext "$dir/en.pdf" - | grep -c 'target')" -ge 15 ] # one chart each
        [ "$(wc -l <"$dir/en.csv")" = 16 ]
        head -n 1 "$dir/en.csv" | grep -q '"kpi","category","value","unit","target","cases","good","incidents","state"'
        head -n 1 "$dir/es.csv" | grep -q '"categoria","valor"'
        expect 0 m sara --lang es report metrics --to 2024-03-31 --pdf "$dir/m.pdf" --csv "$dir/m.csv"
        pdftotext -layout "$dir/m.pdf" - | grep -q "Métricas operacionales"
        [ "$(wc -l <"$dir/m.csv")" = 8 ]
        expect 0 m sara --lang es report metrics
        [[ $output == *"Soportes sin localizar"*"días de UTC"* ]]
        expect 0 m sara --dry-run report kpi --csv "$dir/dry.csv"
        [ ! -e "$dir/dry.csv" ]
}

@test "A4: an auditor gets figures as files, lists cut to a hundred rows, and both are on record" {
        cp -a "$STORE" "$BATS_TEST_TMPDIR/store"
        STORE=$BATS_TEST_TMPDIR/store
        expect 0 m aud report kpi --pdf "$BATS_TEST_TMPDIR/a.pdf"
        expect 2 m aud --lang en report kpi --behind labelled --csv "$BATS_TEST_TMPDIR/a.csv"
        [[ $output == *"[K3 · ENS op.exp.8]"* ]]
        [ ! -e "$BATS_TEST_TMPDIR/a.csv" ]
        { printf 'kind,classification,category,owner,expires,retention,serial\n'
          printf 'tape,CONFIDENCIAL,MEDIA,ana,2040-01-01,3650,Y%s\n' {100..219}; } >"$BATS_TEST_TMPDIR/media.csv"
        m sara person add cus --full-name "Custodio Ruiz" --roles custodian >/dev/null
        m cus media import "$BATS_TEST_TMPDIR/media.csv" >/dev/null
        expect 0 m aud --json report kpi --behind labelled
        [ "$(jq '.rows | length' <<<"$output")" = 100 ]
        [ "$(m sara --json report kpi --behind labelled | jq '.rows | length')" -ge 120 ]
        m sara ledger export --out "$BATS_TEST_TMPDIR/events" >/dev/null
        [ "$(jq -c 'select(.type == "audit.accessed" and .data.verb == "report kpi")' "$BATS_TEST_TMPDIR/events" | wc -l)" -ge 2 ]
        # X1: figures are not for everybody.
        m sara person add uli --full-name "Uli Usuaria" --roles user >/dev/null
        expect 3 m uli report kpi
}
