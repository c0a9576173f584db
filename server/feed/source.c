/* SPDX-License-Identifier: Apache-2.0 */
/* Field numbers are those of the API's generated.proto files. */
#include "feed/source.h"

enum { OBJECT_META = 1, NODE_STATUS = 3 };
enum { META_RESOURCE_VERSION = 6, META_ANNOTATIONS = 12, META_MANAGED_FIELDS = 17 };
enum {
	STATUS_CONDITIONS = 4,
	STATUS_IMAGES = 8,
	STATUS_VOLUMES_IN_USE = 9,
	STATUS_VOLUMES_ATTACHED = 10
};
enum { CONDITION_LAST_HEARTBEAT = 3 };

#define END                                                                                    \
	{                                                                                      \
		.field = 0                                                                     \
	}

static const struct filter_rule meta_stored[] = {
    {META_MANAGED_FIELDS, FILTER_DROP, NULL},
    END,
};
static const struct filter_rule meta_stored_no_annotations[] = {
    {META_MANAGED_FIELDS, FILTER_DROP, NULL},
    {META_ANNOTATIONS, FILTER_KEYS, NULL},
    END,
};
/* A version that only counts up has changed nothing: a node's heartbeat, say. */
static const struct filter_rule meta_compared[] = {
    {META_RESOURCE_VERSION, FILTER_DROP, NULL},
    END,
};

static const struct filter_rule plain_stored[] = {
    {OBJECT_META, FILTER_INTO, meta_stored},
    END,
};
static const struct filter_rule plain_stored_no_annotations[] = {
    {OBJECT_META, FILTER_INTO, meta_stored_no_annotations},
    END,
};
static const struct filter_rule plain_compared[] = {
    {OBJECT_META, FILTER_INTO, meta_compared},
    END,
};

/* The names of a node's images are most of its bytes. */
static const struct filter_rule node_status_stored[] = {
    {STATUS_IMAGES, FILTER_DROP, NULL},
    {STATUS_VOLUMES_IN_USE, FILTER_DROP, NULL},
    {STATUS_VOLUMES_ATTACHED, FILTER_DROP, NULL},
    END,
};
static const struct filter_rule node_stored[] = {
    {OBJECT_META, FILTER_INTO, meta_stored},
    {NODE_STATUS, FILTER_INTO, node_status_stored},
    END,
};
static const struct filter_rule node_stored_no_annotations[] = {
    {OBJECT_META, FILTER_INTO, meta_stored_no_annotations},
    {NODE_STATUS, FILTER_INTO, node_status_stored},
    END,
};
static const struct filter_rule condition_compared[] = {
    {CONDITION_LAST_HEARTBEAT, FILTER_DROP, NULL},
    END,
};
static const struct filter_rule node_status_compared[] = {
    {STATUS_CONDITIONS, FILTER_INTO, condition_compared},
    END,
};
static const struct filter_rule node_compared[] = {
    {OBJECT_META, FILTER_INTO, meta_compared},
    {NODE_STATUS, FILTER_INTO, node_status_compared},
    END,
};

const struct source sources[SOURCE_COUNT] = {
#define SOURCE(resource, path, older_path, need, form, rules)                                  \
	{RESOURCE_##resource, path, older_path, SOURCE_##need, FORM_##form, rules##_stored,    \
	    rules##_stored_no_annotations, rules##_compared},
#include "feed/source.def"
#undef SOURCE
};
