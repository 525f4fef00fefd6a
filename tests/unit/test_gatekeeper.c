/* Which disks the gate concerns, and what becomes of one while udev's rules run: C3, S6. */
#include <string.h>

#include "device/scope.h"
#include "unit/test.h"

static struct scope_rules rules_of(const char *text) {
        static struct config *config; /* the rules borrow from it */
        struct scope_rules rules;
        struct error err = { 0 };

        config_free(config);
        config = NULL;
        assert_int_equal(config_parse(text, strlen(text), &config, &err), 0);
        (void) scope_rules_read(config, &rules, &err);
        return rules;
}

/* A stick that has just been plugged in. */
static struct scope_facts stick(void) {
        return (struct scope_facts){ .name = "sdb",
                                     .buses = BUS_USB,
                                     .serial = "AA0001",
                                     .place = "pci-0000:00:14.0-usb-0:2:1.0-scsi-0:0:0:0",
                                     .diskseq = 7 };
}

static struct scope_facts drive(unsigned bus) {
        return (struct scope_facts){ .name = "sdc",
                                     .buses = bus,
                                     .serial = "S5GXNF0R123456",
                                     .wwid = "naa.5002538f42a1b2c3",
                                     .place = "pci-0000:00:17.0-ata-3",
                                     .diskseq = 9 };
}

static enum scope_answer answer(const char *text, const struct scope_facts *facts) {
        struct scope_rules rules = rules_of(text);
        struct scope_decision decision = scope_decide(&rules, facts);

        assert_true(decision.why.es[0] && decision.why.en[0]);
        return decision.answer;
}

static void reads_its_rules(void **state) {
        struct scope_rules rules = rules_of("");

        (void) state;
        assert_false(rules.audit);
        assert_int_equal(rules.buses, BUS_USB | BUS_MMC | BUS_THUNDERBOLT);
        assert_string_equal(rules.store, STATION_STORE);
        rules = rules_of(
                "[gate]\nmode = audit\nbuses = usb   nvme\tata\nnever = A B\n[station]\nstore = /srv/mpsi\n");
        assert_true(rules.audit);
        assert_int_equal(rules.buses, BUS_USB | BUS_NVME | BUS_ATA);
        assert_string_equal(rules.never, "A B");
        assert_string_equal(rules.store, "/srv/mpsi");
        assert_int_equal(scope_rules_read(NULL, &rules, NULL), 0); /* the configuration could not be read */
        assert_false(rules.audit);
        assert_int_equal(rules.buses, BUS_DEFAULT);
}

/* C3: closed, not open. */
static void what_it_does_not_understand_makes_it_strict(void **state) {
        static const char *const broken[] = {
                "[gate]\nmode = adit\nbuses = nvme\n",
                "[gate]\nmode = audit\nbuses = nvme us\n",
                "[gate]\nmode = audit\nbuses = nvme, ata\n",
                "[gate]\nmode = Audit\nbuses = nvme\n",
        };

        (void) state;
        for (size_t i = 0; i < COUNT(broken); i++) {
                _cleanup_config_ struct config *config = NULL;
                struct scope_rules rules;
                struct error err = { 0 };

                assert_int_equal(config_parse(broken[i], strlen(broken[i]), &config, &err), 0);
                assert_int_equal(scope_rules_read(config, &rules, &err), ERR_USAGE);
                assert_true(err.what[LANG_ES][0] && err.what[LANG_EN][0]);
                assert_false(rules.audit);
                assert_int_equal(rules.buses & BUS_DEFAULT, BUS_DEFAULT);
        }
}

static void closes_what_is_plugged_in(void **state) {
        struct scope_facts facts = stick();

        (void) state;
        assert_int_equal(answer("", &facts), SCOPE_CLOSE);
        assert_int_equal(answer("[gate]\nmode=audit\n", &facts), SCOPE_AUDIT);
        assert_int_equal(answer("[gate]\nbuses=nvme\n", &facts), SCOPE_OUT);
        facts.partition = true;
        assert_int_equal(answer("", &facts), SCOPE_OUT);
        facts = drive(BUS_NVME | BUS_THUNDERBOLT);
        assert_int_equal(answer("", &facts), SCOPE_CLOSE);
        facts.buses = BUS_NVME;
        assert_int_equal(answer("", &facts), SCOPE_OUT);
        assert_int_equal(answer("[gate]\nbuses=usb nvme\n", &facts), SCOPE_CLOSE);
}

static void keeps_what_was_decided_about_an_insertion(void **state) {
        struct scope_facts facts = stick();

        (void) state;
        facts.closed_diskseq = facts.diskseq;
        assert_int_equal(answer("", &facts), SCOPE_KEPT);
        facts.used = true; /* mounted since, by whom mpsid let */
        assert_int_equal(answer("", &facts), SCOPE_KEPT);
        facts.diskseq++; /* another card in the reader, the first still mounted */
        assert_int_equal(answer("", &facts), SCOPE_CLOSE);
        facts.diskseq = facts.closed_diskseq = 0; /* a kernel that doesn't count */
        facts.used = false;
        assert_int_equal(answer("", &facts), SCOPE_CLOSE);
}

/* S6. */
static void never_the_system_nor_what_is_in_use(void **state) {
        struct scope_facts facts = stick();

        (void) state;
        facts.system = true;
        facts.closed_diskseq = 3;
        assert_int_equal(answer("", &facts), SCOPE_OUT);
        facts = stick();
        facts.used = true;
        assert_int_equal(answer("", &facts), SCOPE_OUT);
        assert_int_equal(answer("[gate]\nmode=audit\n", &facts), SCOPE_OUT);
}

static void never_what_is_no_medium(void **state) {
        static const char *const names[] = { "dm-0", "md127", "zram0", "ram3", "nbd0", "sr0", "fd0" };
        struct scope_facts facts = stick();

        (void) state;
        for (size_t i = 0; i < COUNT(names); i++) {
                (void) snprintf(facts.name, sizeof facts.name, "%s", names[i]);
                assert_int_equal(answer("", &facts), SCOPE_OUT);
        }
        facts = (struct scope_facts){ .name = "loop0", .buses = BUS_LOOP, .diskseq = 4 };
        assert_int_equal(answer("[gate]\nbuses=usb mmc nvme scsi ata virtio\n", &facts), SCOPE_OUT);
        assert_int_equal(answer("[gate]\nbuses=loop\n", &facts), SCOPE_CLOSE);
}

/* A stick can say that it has any serial number, but not in which port it is. */
static void fixed_disks_by_serial_inside_and_by_place_everywhere(void **state) {
        static const char by_serial[] = "[gate]\nbuses=usb ata scsi\nnever= X1 S5GXNF0R123456 naa.1\n";
        static const char by_wwid[] = "[gate]\nbuses=usb ata scsi\nnever=naa.5002538f42a1b2c3\n";
        static const char by_place[] = "[gate]\nbuses=usb ata\nnever=pci-0000:00:17.0-ata-3\n";
        struct scope_facts facts = drive(BUS_ATA);

        (void) state;
        assert_int_equal(answer(by_serial, &facts), SCOPE_OUT);
        assert_int_equal(answer(by_wwid, &facts), SCOPE_OUT);
        assert_int_equal(answer(by_place, &facts), SCOPE_OUT);
        facts.serial[5] = '\0'; /* only whole words count */
        assert_int_equal(answer(by_serial, &facts), SCOPE_CLOSE);
        facts = drive(BUS_USB);
        assert_int_equal(answer(by_serial, &facts), SCOPE_CLOSE);
        assert_int_equal(answer(by_wwid, &facts), SCOPE_CLOSE);
        assert_int_equal(answer(by_place, &facts), SCOPE_OUT);
        facts = drive(BUS_ATA | BUS_THUNDERBOLT);
        assert_int_equal(answer(by_serial, &facts), SCOPE_CLOSE);
        facts = (struct scope_facts){ .name = "sdd", .buses = BUS_ATA, .diskseq = 2 }; /* it says nothing */
        assert_int_equal(answer("[gate]\nbuses=ata\nnever=\n", &facts), SCOPE_CLOSE);
}

static void words_of_buses(void **state) {
        (void) state;
        assert_string_equal(scope_bus_word(BUS_USB), "usb");
        assert_string_equal(scope_bus_word(BUS_NVME | BUS_THUNDERBOLT), "thunderbolt");
        assert_string_equal(scope_bus_word(0), "-");
}

static void a_device_that_is_gone_is_not_found(void **state) {
        struct scope_rules rules = rules_of("");
        struct scope_facts facts;
        struct error err = { 0 };

        (void) state;
        assert_int_equal(scope_facts_read(0, &rules, &facts, &err), ERR_NOT_FOUND);
        assert_true(err.what[LANG_ES][0]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(reads_its_rules),
                cmocka_unit_test(what_it_does_not_understand_makes_it_strict),
                cmocka_unit_test(closes_what_is_plugged_in),
                cmocka_unit_test(keeps_what_was_decided_about_an_insertion),
                cmocka_unit_test(never_the_system_nor_what_is_in_use),
                cmocka_unit_test(never_what_is_no_medium),
                cmocka_unit_test(fixed_disks_by_serial_inside_and_by_place_everywhere),
                cmocka_unit_test(words_of_buses),
                cmocka_unit_test(a_device_that_is_gone_is_not_found),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
