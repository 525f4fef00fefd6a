#include "policy/families.h"

/* The families in the order of the measures. */
const struct rule_family *const rule_families[] = {
        &labelling_rules,    &cryptography_rules, &rotation_rules,  &handover_rules, &opening_rules,
        &gate_rules,         &custody_rules,      &transport_rules, &access_rules,   &sanitization_rules,
        &verification_rules, &destruction_rules,  &baseline_rules,  &ceremony_rules, &metrics_rules,
        &verification_rules, &destruction_rules,  &baseline_rules,  &ceremony_rules, &training_rules,
        &verification_rules, &destruction_rules,  &baseline_rules,  &ceremony_rules, &audit_programme_rules,
        &verification_rules, &destruction_rules,  &baseline_rules,  &ceremony_rules, &training_rules,
};
const size_t rule_families_n = sizeof rule_families / sizeof rule_families[0];
