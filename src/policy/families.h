/* One family of rules a file. */
#pragma once

#include "policy/rule.h"

extern const struct rule_family labelling_rules, access_rules;
extern const struct rule_family cryptography_rules, rotation_rules, gate_rules;
extern const struct rule_family custody_rules, transport_rules;
extern const struct rule_family sanitization_rules, verification_rules, destruction_rules;
extern const struct rule_family baseline_rules, ceremony_rules;
extern const struct rule_family handover_rules, opening_rules;
extern const struct rule_family metrics_rules;
extern const struct rule_family training_rules;
extern const struct rule_family audit_programme_rules;
