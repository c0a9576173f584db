/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Path attributes of a prefix: the configuration's for its class and for the prefix, changed by the service's
 * annotations, merged where several services share the prefix. All paths of one prefix carry
 * the same ones: next hops that differ in preference would not form one ECMP group.
 *
 *   heliograph.io/communities: "64512:100, 64512:1:2, no-export"   added to the configuration's
 *   heliograph.io/local-preference, heliograph.io/med   0..4294967295
 *   heliograph.io/weight                                link bandwidth, bytes per second
 *
 * Pure functions; any thread.
 */
#pragma once

#include "change/object.h"
#include "path/rules.h"

/* What the configuration says of paths that this prefix has as one of this class. */
void attributes_of_prefix(const struct rules *r, const struct ip_prefix *prefix,
    enum path_class path_class, struct path_attributes *out);

/* An annotation that is there and cannot be used: it is left out. */
typedef void attributes_problem(void *ctx, const char *annotation, const char *value);

/* Apply the service's annotations on top. problem may be NULL. */
void attributes_of_service(const struct service *s, struct path_attributes *inout,
    attributes_problem *problem, void *ctx);

/* The next hop leaves: GRACEFUL_SHUTDOWN, and the least local preference. */
void attributes_leave(struct path_attributes *a);

/*
 * Another owner of the same prefix: union of communities, the highest local preference and
 * weight, the lowest MED (one that has a MED over one that has none). The order of merging does
 * not matter. True: the two were not equal.
 */
bool attributes_merge(struct path_attributes *into, const struct path_attributes *from);
