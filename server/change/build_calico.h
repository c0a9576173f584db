/* SPDX-License-Identifier: Apache-2.0 */
/* Inside change/: what Calico's objects are built with. */
#pragma once

#include "change/build.h"
#include "change/calico.h"
#include "change/json_reader.h"

/* Build the object of a raw form with a Calico spec; false: *why is set. */
bool calico_build(struct decoder *d, const struct raw_object *raw, struct change *c,
    struct decode_error *why) MUST_USE;

/* ---- calico_values.c: the values in its specs ---- */

/* The field's value is "not" what the sentence says; the first refusal of a record is kept. */
void json_refuse(struct json_reader *in, const char *field, const char *value, const char *is);

/* The CIDR in member `name`, which must be there; the message speaks of `field`. */
struct ip_prefix
json_take_cidr(struct json_reader *in, json_t *parent, const char *name, const char *field);

/* A whole number from 0 to max; 0 where it is absent. */
uint64_t
json_take_number(struct json_reader *in, json_t *parent, const char *name, uint64_t max);

/* An AS number: 64512, "64512" or "1.10"; 0 where it is absent. */
uint32_t json_take_as(struct json_reader *in, json_t *parent, const char *name);

/* "1m30s", in ns; 0 where it is absent. */
uint64_t json_take_duration(struct json_reader *in, json_t *parent, const char *name);

/* "192.0.2.1", "192.0.2.1:178", "2001:db8::1", "[2001:db8::1]:178"; port 0 where there is none. */
bool peer_address_parse(const char *text, struct ip_addr *out, uint16_t *port) MUST_USE;
