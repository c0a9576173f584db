/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel and the allocator say of this process. Any thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct process_memory {
	uint64_t resident, shared; /* bytes; 0 where the kernel does not say */
	bool has_allocator;        /* jemalloc is linked in: */
	uint64_t allocated;        /* bytes in use */
	uint64_t active, held;     /* pages with something in use; all in memory */
};

void process_memory_read(struct process_memory *out);

/* Remember the present as the time when the process started; the first call counts. Before
 * the watch thread runs. */
void process_started(void);

uint64_t process_started_wall_ns(void); /* ns since 1970 */
uint64_t process_uptime_ns(void);
