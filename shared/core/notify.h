/* SPDX-License-Identifier: Apache-2.0 */
/* systemd's notifications (sd_notify(3)), which are one datagram each: no library is needed for them. */
#pragma once

/* "READY=1", "STOPPING=1", "WATCHDOG=1", "STATUS=..."; nothing where nobody has asked ($NOTIFY_SOCKET). Any thread. */
void notify_send(const char *state);
