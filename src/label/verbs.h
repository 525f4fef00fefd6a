/* Private to the room. */
#pragma once

#include "label/label_room.h"

int label_run_print(struct act *act, const json_t *args, json_t **ret, struct error *err);
int label_run_reprint(struct act *act, const json_t *args, json_t **ret, struct error *err);
int label_run_void(struct act *act, const json_t *args, json_t **ret, struct error *err);
int label_run_due(struct act *act, const json_t *args, json_t **ret, struct error *err);
int label_run_sheets(struct act *act, const json_t *args, json_t **ret, struct error *err);
int label_run_calibrate(struct act *act, const json_t *args, json_t **ret, struct error *err);
int label_run_legend(struct act *act, const json_t *args, json_t **ret, struct error *err);
int label_run_preprint(struct act *act, const json_t *args, json_t **ret, struct error *err);
int label_run_claim(struct act *act, const json_t *args, json_t **ret, struct error *err);
int label_run_designs(struct act *act, const json_t *args, json_t **ret, struct error *err);
int label_run_verify(struct act *act, const json_t *args, json_t **ret, struct error *err);
int label_run_scan(struct act *act, const json_t *args, json_t **ret, struct error *err);
