/* T1, T4, T5, T6, X1: rows and verdicts of a journey, and tracks of GPS receivers, good, broken and hostile. */
#include "unit/test.h"

#include <stdio.h>
#include <string.h>

#include "policy/shipping.h"
#include "transport/gps.h"

static void must_refuse(int r, const struct error *err, int code, const char *rule) {
        assert_int_equal(r, code);
        assert_string_equal(err->rule, rule);
        assert_true(err->what[LANG_ES][0] && err->what[LANG_EN][0]);
}

/* Each state with the acts that it allows, as docs/transport.md has it; every other pair is refused by T3, T4 or
 * T6. */
static void t4_acts_by_state(void **state) {
        static const char *const allowed[SHIPMENT_STATES] = {
                [SHIPMENT_CREATED] = "pack cancel document",
                [SHIPMENT_PACKED] = "pack authorise cancel document",
                [SHIPMENT_AUTHORISED] = "pack dispatch cancel document notice review",
                [SHIPMENT_DISPATCHED] = "pickup lost document notice gps review",
                [SHIPMENT_PICKED_UP] = "track lost document notice gps review",
                [SHIPMENT_IN_TRANSIT] = "track deliver lost document notice gps review",
                [SHIPMENT_DELIVERED] = "confirm lost gps review",
                [SHIPMENT_CONFIRMED] = "gps review breach",
                [SHIPMENT_LOST] = "gps review breach",
                [SHIPMENT_CANCELLED] = "review",
        };
        struct error err;

        (void) state;
        for (int s = 0; s < SHIPMENT_STATES; s++)
                for (int a = 0; a < SHIPMENT_ACTS; a++) {
                        char word[24], list[160];
                        int r = transport_judge_act("E000001", (enum shipment_state) s, (enum shipment_act) a,
                                                    &err);

                        (void) snprintf(word, sizeof word, " %s ", shipment_acts[a].verb);
                        (void) snprintf(list, sizeof list, " %s ", allowed[s]);
                        if (strstr(list, word))
                                assert_int_equal(r, 0);
                        else
                                must_refuse(r, &err, ERR_CONFLICT, shipment_acts[a].rule);
                }
        for (int c = 0; c < CHECKPOINTS; c++)
                for (int s = 0; s < SHIPMENT_STATES; s++)
                        assert_true(
                                (transport_judge_order((enum shipment_state) s, (enum checkpoint) c, &err) == 0) ==
                                ((shipment_acts[transport_act_of((enum checkpoint) c)].from & 1U << s) != 0));
}

static void t6_routes(void **state) {
        struct route_facts route = { .name = "a-4", .known = true, .kept = true, .limit = 24 };
        struct error err;

        (void) state;
        assert_int_equal(transport_judge_route(CATEGORY_ALTA, &route, 24, &err), 0);
        must_refuse(transport_judge_route(CATEGORY_BASICA, &route, 25, &err), &err, ERR_REFUSED, "T6");
        route.closed = true;
        must_refuse(transport_judge_route(CATEGORY_BASICA, &route, 24, &err), &err, ERR_REFUSED, "T6");
        route = (struct route_facts){ .name = "by the sea", .kept = true };
        must_refuse(transport_judge_route(CATEGORY_BASICA, &route, 24, &err), &err, ERR_REFUSED, "T6");
        route.emergency = true;
        assert_int_equal(transport_judge_route(CATEGORY_ALTA, &route, 24, &err), 0);
        route.emergency = route.kept = false;
        assert_int_equal(transport_judge_route(CATEGORY_MEDIA, &route, 24, &err), 0);
        must_refuse(transport_judge_route(CATEGORY_ALTA, &route, 24, &err), &err, ERR_REFUSED, "T6");
}

static void t4_couriers(void **state) {
        const struct courier_facts good = { .name = "eva",
                                            .known = true,
                                            .kept = true,
                                            .expires = "2027-01-01",
                                            .company = "B",
                                            .shown = "B",
                                            .is_signed = true };
        struct courier_facts facts = good;
        struct error err;

        (void) state;
        assert_int_equal(transport_judge_courier(CATEGORY_ALTA, &facts, "2027-01-01", &err), 0);
        must_refuse(transport_judge_courier(CATEGORY_ALTA, &facts, "2027-01-02", &err), &err, ERR_REFUSED, "T4");
        facts.withdrawn = true;
        must_refuse(transport_judge_courier(CATEGORY_ALTA, &facts, "2026-01-01", &err), &err, ERR_REFUSED, "T4");
        facts = good;
        facts.shown = "C";
        must_refuse(transport_judge_courier(CATEGORY_ALTA, &facts, "2026-01-01", &err), &err, ERR_REFUSED, "T4");
        facts = good;
        facts.is_signed = false;
        must_refuse(transport_judge_courier(CATEGORY_ALTA, &facts, "2026-01-01", &err), &err, ERR_REFUSED, "T4");
        facts = good;
        facts.known = false;
        must_refuse(transport_judge_courier(CATEGORY_BASICA, &facts, "2026-01-01", &err), &err, ERR_REFUSED, "T4");
        facts.kept = false; /* nobody keeps the register */
        assert_int_equal(transport_judge_courier(CATEGORY_MEDIA, &facts, "2026-01-01", &err), 0);
        must_refuse(transport_judge_courier(CATEGORY_ALTA, &facts, "2026-01-01", &err), &err, ERR_REFUSED, "T4");
        assert_int_equal(transport_judge_transit_signed(TRACKING_RECORD, false, &err), 0);
        assert_int_equal(transport_judge_transit_signed(TRACKING_GPS, true, &err), 0);
        must_refuse(transport_judge_transit_signed(TRACKING_SIGNED, false, &err), &err, ERR_REFUSED, "T4");
}

static void t5_indicators(void **state) {
        static const char *const bad[] = { "",
                                           "cold",
                                           "temperature=",
                                           "temperature=2",
                                           "temperature=2..",
                                           "shock=..3",
                                           "temperature=8..2",
                                           "temperature=x..9",
                                           "tilt=2..8x",
                                           "SHOCKED=1..2" };
        const unsigned all = (1U << INDICATORS) - 1;
        enum indicator indicator;
        int64_t least, most;
        struct error err;

        (void) state;
        assert_int_equal(transport_indicator_limits("temperature=-20,5..8.25", &indicator, &least, &most, &err), 0);
        assert_true(indicator == INDICATOR_TEMPERATURE && least == -2050 && most == 825);
        assert_int_equal(transport_indicator_limits("shock", &indicator, &least, &most, &err), 0);
        assert_true(indicator == INDICATOR_SHOCK && most == transport_indicators[INDICATOR_SHOCK].most);
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
                if (transport_indicator_limits(bad[i], &indicator, &least, &most, &err) != ERR_USAGE)
                        fail_msg("“%s” is taken for an indicator", bad[i]);
        must_refuse(transport_indicator_value(INDICATOR_TEMPERATURE, "400", &least, &err), &err, ERR_REFUSED, "T5");
        must_refuse(transport_indicator_value(INDICATOR_TILT, "-1", &least, &err), &err, ERR_REFUSED, "T5");
        assert_int_equal(transport_judge_indicators(CATEGORY_MEDIA, 0, &err), 0);
        assert_int_equal(transport_judge_indicators(CATEGORY_ALTA, all, &err), 0);
        for (unsigned i = 0; i < INDICATORS; i++) {
                must_refuse(transport_judge_indicators(CATEGORY_ALTA, all & ~(1U << i), &err), &err, ERR_REFUSED,
                            "T5");
                must_refuse(transport_judge_indicators_read(all, all & ~(1U << i), &err), &err, ERR_REFUSED, "T5");
        }
        assert_int_equal(transport_judge_indicators_read(1, all, &err), 0);
}

static void t6_countries(void **state) {
        static const struct {
                const char *code;
                enum transfer transfer;
        } some[] = { { "es", TRANSFER_HOME },     { "FR", TRANSFER_UNION },  { "NO", TRANSFER_EEA },
                     { "CH", TRANSFER_ADEQUATE }, { "US", TRANSFER_PARTLY }, { "BR", TRANSFER_ADEQUATE },
                     { "MA", TRANSFER_OTHER } };
        static const char *const bad[] = { "", "E", "ESP", "1A", "E ", "ñ" };
        enum transfer transfer;
        const char *reference;
        struct error err;
        char code[3];

        (void) state;
        for (size_t i = 0; i < sizeof some / sizeof some[0]; i++) {
                assert_int_equal(transport_country(some[i].code, code, &transfer, &reference, &err), 0);
                assert_int_equal(transfer, some[i].transfer);
                assert_true((*reference != 0) == (transfer == TRANSFER_ADEQUATE || transfer == TRANSFER_PARTLY));
        }
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
                assert_int_equal(transport_country(bad[i], code, &transfer, &reference, &err), ERR_USAGE);
        for (size_t i = 0; i < transport_countries_n; i++)
                for (size_t j = 0; j < i; j++)
                        assert_string_not_equal(transport_countries[i].code, transport_countries[j].code);
        for (int t = 0; t < TRANSFERS; t++) {
                unsigned needed = transport_papers_demanded[t];

                assert_int_equal(transport_judge_papers("XX", (enum transfer) t, needed, &err), 0);
                for (unsigned p = 0; p < TRANSFER_PAPERS; p++)
                        if (needed & 1U << p)
                                must_refuse(
                                        transport_judge_papers("XX", (enum transfer) t, needed & ~(1U << p), &err),
                                        &err, ERR_REFUSED, "T6");
        }
        assert_true(transport_papers_demanded[TRANSFER_HOME] == 0 &&
                    transport_papers_demanded[TRANSFER_UNION] == 0);
}

static void t6_due_and_review(void **state) {
        struct due_facts facts = { .state = SHIPMENT_IN_TRANSIT,
                                   .dispatched = 100 * DAY,
                                   .expected = 101 * DAY,
                                   .limit_hours = 48,
                                   .tracking = TRACKING_GPS };
        struct error err;
        int64_t by;

        (void) state;
        assert_true(transport_due(DUE_NOTICE, &facts, &by) && by == 100 * DAY + 3600 * SECOND);
        assert_true(transport_due(DUE_ETA, &facts, &by) && by == 101 * DAY);
        assert_true(transport_due(DUE_LIMIT, &facts, &by) && by == 102 * DAY);
        assert_false(transport_due(DUE_ACKNOWLEDGEMENT, &facts, &by) || transport_due(DUE_GPS, &facts, &by) ||
                     transport_due(DUE_REVIEW, &facts, &by));
        facts.noticed = 100 * DAY;
        facts.expected = 0;
        assert_false(transport_due(DUE_NOTICE, &facts, &by) || transport_due(DUE_ETA, &facts, &by));
        facts.state = SHIPMENT_DELIVERED;
        facts.delivered = 101 * DAY;
        facts.review_due = 103 * DAY;
        assert_true(transport_due(DUE_ACKNOWLEDGEMENT, &facts, &by) && by == 102 * DAY);
        assert_true(transport_due(DUE_GPS, &facts, &by) && transport_due(DUE_REVIEW, &facts, &by) &&
                    by == 103 * DAY);
        assert_false(transport_due(DUE_LIMIT, &facts, &by));
        facts.traced = true;
        facts.reviewed = 1;
        assert_false(transport_due(DUE_GPS, &facts, &by) || transport_due(DUE_REVIEW, &facts, &by));
        assert_int_equal(transport_judge_review("ana", "cus", false, &err), 0);
        must_refuse(transport_judge_review("cus", "cus", false, &err), &err, ERR_DENIED, "X1");
        must_refuse(transport_judge_review("ana", "cus", true, &err), &err, ERR_DENIED, "X1");
        assert_int_equal(transport_judge_track_time(100 * DAY, 101 * DAY, 100 * DAY, 101 * DAY, &err), 0);
        must_refuse(transport_judge_track_time(100 * DAY - 301 * SECOND, 101 * DAY, 100 * DAY, 101 * DAY, &err),
                    &err, ERR_REFUSED, "T4");
        must_refuse(transport_judge_track_time(100 * DAY, 101 * DAY + 301 * SECOND, 100 * DAY, 101 * DAY, &err),
                    &err, ERR_REFUSED, "T4");
}

/* --- tracks ------------------------------------------------------------------------------------------------- */

#define GPX(body)                                                                                                  \
        "<?xml version=\"1.0\"?><gpx version=\"1.1\" "                                                             \
        "xmlns=\"http://www.topografix.com/GPX/1/1\"><trk><trkseg>" body "</trkseg></trk></gpx>"
#define POINT(lat, lon, time) "<trkpt lat=\"" lat "\" lon=\"" lon "\"><ele>1</ele><time>" time "</time></trkpt>"

static void t4_tracks_read(void **state) {
        static const char *const good[] = {
                GPX(POINT("40.4168", "-3.7038", "2026-11-27T10:00:00Z")
                            POINT("40.5", "-3.7", "2026-11-27T10:10:00.5Z")),
                "\xEF\xBB\xBF  " GPX(POINT("40.5", "-3.7", "2026-11-27T11:10:00+01:00")
                                             POINT("40.4168", "-3.7038", "2026-11-27T11:00:00+01:00")),
                "time,latitude,longitude\n2026-11-27T10:00:00Z,40.4168,-3.7038\n2026-11-27T10:10:00Z,40.5,-3.7\n",
                "fecha;hora;latitud;longitud;batería\r\n27/11/2026;10:00:00;40,4168;-3,7038;88\r\n27/11/"
                "2026;10:10:00;40,5;"
                "-3,7;87\r\n",
                "Position\tTimestamp\n40.4168,-3.7038\t2026-11-27 10:00\n40.5,-3.7\t2026-11-27 10:10\n",
        };

        (void) state;
        for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
                _cleanup_track_ struct gps_track track = { 0 };
                struct error err = { 0 };

                if (gps_parse(good[i], strlen(good[i]), &track, &err) < 0)
                        fail_msg("%zu: %s", i, err.what[LANG_EN]);
                assert_int_equal(track.n, 2);
                assert_true(track.points[0].lat == 40416800 && track.points[0].lon == -3703800);
                assert_true(track.points[0].time == 1795773600 * SECOND);
                assert_true(track.points[1].time - track.points[0].time >= 600 * SECOND);
                assert_true(track.gpx == (i < 2));
        }
}

/* None of these is read, and none of them reads or expands anything. */
static void t4_tracks_refused(void **state) {
        static const char *const bad[] = {
                "",
                "\n",
                "<",
                "<gpx/>",
                "<kml></kml>",
                "a,b\n1,2\n",
                "time,lat,lon\n",
                GPX(POINT("40.4", "-3.7", "2026-11-27T10:00:00Z")),
                GPX(POINT("90.1", "-3.7", "2026-11-27T10:00:00Z") POINT("40", "-3", "2026-11-27T10:10:00Z")),
                GPX(POINT("40.4", "-180.1", "2026-11-27T10:00:00Z") POINT("40", "-3", "2026-11-27T10:10:00Z")),
                GPX(POINT("40.4", "-3.7", "yesterday") POINT("40", "-3", "2026-11-27T10:10:00Z")),
                GPX(POINT("40.4", "-3.7", "2026-02-30T10:00:00Z") POINT("40", "-3", "2026-11-27T10:10:00Z")),
                GPX("<trkpt lat=\"40\" lon=\"-3\"/><trkpt lat=\"40\" lon=\"-3\"/>"),
                GPX("<trkpt lat=\"1e1\" lon=\"-3\"><time>2026-11-27T10:00:00Z</time></trkpt>"),
                GPX(POINT("nan", "-3.7", "2026-11-27T10:00:00Z") POINT("40", "-3", "2026-11-27T10:10:00Z")),
                "<?xml version=\"1.0\"?><!DOCTYPE gpx SYSTEM \"file:///etc/passwd\"><gpx/>",
                "<?xml version=\"1.0\"?><!DOCTYPE gpx [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><gpx>&x;</gpx>",
                "<?xml version=\"1.0\"?><!DOCTYPE gpx [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b "
                "\"&a;&a;&a;&a;&a;&a;\"><!ENTITY c "
                "\"&b;&b;&b;&b;&b;&b;\">]><gpx>&c;&c;&c;</gpx>",
                GPX("&lol;"),
                "<gpx><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a>"
                "<a><a>",
                "time,lat,lon\n2026-11-27T10:00:00Z,40.4,-3.7\n2026-11-27T10:10:00Z,north,-3.7\n",
        };

        (void) state;
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
                struct gps_track track = { 0 };
                struct error err = { 0 };

                if (gps_parse(bad[i], strlen(bad[i]), &track, &err) != ERR_USAGE)
                        fail_msg("%zu is taken for a track", i);
                assert_true(err.what[LANG_ES][0] && err.what[LANG_EN][0] && track.points == NULL);
        }
}

static void t4_positions(void **state) {
        static const char *const bad[] = { "",      ",",    "1",   "1,",  ",1",    "1,2,3",  "91,0",
                                           "0,181", "1,2x", "a,b", "1;2", "--1,2", "1.2.3,4" };
        struct gps_point point;

        (void) state;
        assert_true(gps_position("-90,180", &point) && point.lat == -90000000 && point.lon == 180000000);
        assert_true(gps_position("+37.3891234567,-5.9845", &point) && point.lat == 37389123);
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
                assert_false(gps_position(bad[i], &point));
}

static void t6_measures(void **state) {
        const struct gps_point way[] = { { 0, 40000000, -4000000 }, { 0, 41000000, -4000000 } };
        struct gps_point points[200];
        struct gps_track track = { .points = points };
        struct gps_summary summary;
        const int64_t minute = 60 * SECOND;

        (void) state;
        /* A degree north in an hour, then 30 minutes at rest, then 20 of silence, then 6 km to the west. */
        for (int i = 0; i <= 60; i++)
                points[track.n++] = (struct gps_point){ i * minute, 40000000 + i * 1000000 / 60, -4000000 };
        for (int i = 1; i <= 30; i++)
                points[track.n++] = (struct gps_point){ (60 + i) * minute, 41000000 + i % 2 * 100, -4000000 };
        points[track.n++] = (struct gps_point){ 110 * minute, 41000000, -4072000 };
        gps_measure(&track, way, 2, 5000, &summary);
        assert_in_range(summary.metres, 116000, 118500);
        assert_int_equal(summary.seconds, 110 * 60);
        assert_int_equal(summary.gaps, 1);
        assert_int_equal(summary.longest_gap, 20 * 60);
        assert_int_equal(summary.stops, 1);
        assert_in_range(summary.stopped, 29 * 60, 31 * 60);
        assert_in_range(summary.top_speed, 105, 115);
        assert_int_equal(summary.impossible, 0);
        assert_in_range(summary.deviation, 5900, 6200);
        assert_int_equal(summary.outside, 1);
        gps_measure(&track, NULL, 0, 5000, &summary);
        assert_true(summary.deviation == 0 && summary.outside == 0);
        points[track.n++] = (struct gps_point){ 111 * minute, 42000000, -4000000 }; /* 111 km in a minute */
        gps_measure(&track, way, 2, 500000, &summary);
        assert_int_equal(summary.impossible, 1);
        assert_int_equal(summary.outside, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(t4_acts_by_state), cmocka_unit_test(t6_routes),
                cmocka_unit_test(t4_couriers),      cmocka_unit_test(t5_indicators),
                cmocka_unit_test(t6_countries),     cmocka_unit_test(t6_due_and_review),
                cmocka_unit_test(t4_tracks_read),   cmocka_unit_test(t4_tracks_refused),
                cmocka_unit_test(t4_positions),     cmocka_unit_test(t6_measures),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
