/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a broker's certificate is refused. OpenSSL knows; librdkafka says of every fault only that ssl.ca.location may
 * be wrong. We are asked for each certificate of a chain, and accept nothing that OpenSSL refuses.
 */
#include "change/stream_private.h"

#include <librdkafka/rdkafka.h>

#include <stdio.h>
#include <string.h>

#define UNKNOWN_ISSUER "its issuer is not known; see ssl.ca.location"

/* By X509_V_ERR_... of openssl/x509_vfy.h, numbers that stay. */
static const struct {
	int error;
	const char *text;
} faults[] = {
    {2, UNKNOWN_ISSUER},
    {7, "its signature is wrong"},
    {9, "it is not valid yet; is the clock of this machine right?"},
    {10, "the certificate has expired; renew it on the broker"},
    {18, UNKNOWN_ISSUER}, /* itself */
    {19, UNKNOWN_ISSUER},
    {20, UNKNOWN_ISSUER},
    {21, UNKNOWN_ISSUER},
    {23, "the certificate is revoked; renew it on the broker"},
    {26, "it is not one for a server"},
    {62, "it is for another host name; see its subjectAltName and kafka.brokers"},
    {64, "it is for another address; see its subjectAltName and kafka.brokers"},
};

static const char *
text_of(int error)
{
	for (size_t i = 0; i < COUNT_OF(faults); i++) {
		if (faults[i].error == error)
			return faults[i].text;
	}
	return "it cannot be verified";
}

int
consumer_on_certificate(rd_kafka_t *rk, const char *broker, int32_t id, int *x509_error,
    int depth, const char *der, size_t size, char *why, size_t why_size, void *stream)
{
	struct notice *n;

	(void)rk;
	(void)id;
	(void)der;
	(void)size;
	if (*x509_error == 0)
		return 1;
	snprintf(why, why_size, "%s", text_of(*x509_error));
	n = must_alloc(sizeof(*n));
	*n = (struct notice){.err = RD_KAFKA_RESP_ERR__SSL};
	snprintf(n->reason, sizeof(n->reason),
	    "%s of broker %.100s is refused: %s (X.509 error %d)",
	    depth == 0 ? "the certificate" : "an issuer's certificate", broker,
	    text_of(*x509_error), *x509_error);
	consumer_notify(stream, n);
	return 0;
}

bool
consumer_is_certificate_error(int err, const char *reason)
{
	return err == RD_KAFKA_RESP_ERR__SSL && strstr(reason, "certificate verify failed");
}

/* TLS alerts by which a broker refuses a client's certificate (RFC 8446 section 6.2). */
static const struct {
	const char *sent, *text;
} alerts[] = {
    {"SSL alert number 42", "bad"},
    {"SSL alert number 43", "of a kind that it does not take"},
    {"SSL alert number 44", "revoked"},
    {"SSL alert number 45", "expired"},
    {"SSL alert number 46", "expired or otherwise not acceptable"}, /* Java's, for all */
    {"SSL alert number 48", "of an authority that it does not know"},
    {"SSL alert number 116", "missing"},
};

bool
consumer_explain_alert(const char *reason, char *out, size_t size)
{
	for (size_t i = 0; i < COUNT_OF(alerts); i++) {
		if (!strstr(reason, alerts[i].sent))
			continue;
		snprintf(out, size,
		    "the broker finds our certificate %s (ssl.certificate.location; it is read at "
		    "the start only): %s",
		    alerts[i].text, reason);
		return true;
	}
	return false;
}
