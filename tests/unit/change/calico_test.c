/* SPDX-License-Identifier: Apache-2.0 */
/* Calico's objects from JSON to what a reflector can act on; what is refused, with which words. */
#include "change/calico.h"
#include "fixture.h"

/* The decoded object; JSON with "'" for quotes, spec is its inside. */
static struct change *
decode_spec(const char *key, const char *spec)
{
	char json[4096];

	snprintf(json, sizeof(json),
	    "{'metadata':{'name':'%s','resourceVersion':'5'},'spec':{%s}}",
	    strrchr(key, '/') + 1, spec);
	for (char *p = json; *p; p++)
		*p = *p == '\'' ? '"' : *p;
	return decode_json(key, json);
}

static void
assert_prefix(const struct ip_prefix *p, const char *text)
{
	char buf[IP_TEXT_MAX];

	assert_string_equal(ip_prefix_text(p, buf), text);
}

static void
the_sample_of_calicos_page_is_taken_whole(void **state)
{
	struct change *c = decode_json("bgpconfigurations//default",
	    "{\"apiVersion\":\"projectcalico.org/v3\",\"kind\":\"BGPConfiguration\","
	    "\"metadata\":{\"name\":\"default\"},\"spec\":{\"logSeverityScreen\":\"Info\","
	    "\"nodeToNodeMeshEnabled\":true,\"nodeMeshMaxRestartTime\":\"120s\",\"asNumber\":63400,"
	    "\"serviceClusterIPs\":[{\"cidr\":\"10.96.0.0/12\"}],"
	    "\"serviceExternalIPs\":[{\"cidr\":\"104.244.42.129/32\"},{\"cidr\":\"172.217.3.0/24\"}],"
	    "\"listenPort\":178,\"bindMode\":\"NodeIP\","
	    "\"communities\":[{\"name\":\"bgp-large-community\",\"value\":\"63400:300:100\"}],"
	    "\"prefixAdvertisements\":[{\"cidr\":\"172.218.4.0/26\","
	    "\"communities\":[\"bgp-large-community\",\"63400:120\"]}]}}");
	const struct bgp_configuration *b = calico_configuration(object_calico(c->object));

	(void)state;
	assert_int_equal(b->cluster_ips.len, 1);
	assert_prefix(&b->cluster_ips.items[0], "10.96.0.0/12");
	assert_int_equal(b->external_ips.len, 2);
	assert_prefix(&b->external_ips.items[0], "104.244.42.129/32");
	assert_int_equal(b->load_balancer_ips.len, 0);
	assert_true(b->load_balancer_aggregation);
	assert_int_equal(b->as_number, 63400);
	assert_int_equal(b->listen_port, 178);
	assert_int_equal(b->communities.len, 1);
	assert_prefix(&b->communities.items[0].prefix, "172.218.4.0/26");
	assert_int_equal(b->communities.items[0].add.len, 2);
	assert_true(b->communities.items[0].add.items[0].large);
	assert_int_equal(b->communities.items[0].add.items[0].c, 100);
	assert_int_equal(b->communities.items[0].add.items[1].b, 120);
	assert_true(calico_has(&b->calico, CALICO_BGPCONFIG_BIND_MODE));
	assert_false(calico_has(&b->calico, CALICO_BGPCONFIG_LB_IPS));
	assert_int_equal(b->calico.n_unknown, 0);
	change_free(c);
}

static void
a_field_that_this_version_does_not_know_is_kept_by_name(void **state)
{
	struct change *c = decode_spec("ippools//p", "'cidr':'10.244.0.0/16','newThing':{},"
	                                             "'otherThing':1,'nothing':null");
	const struct calico_object *o = object_calico(c->object);

	(void)state;
	assert_int_equal(o->n_unknown, 2);
	assert_string_equal(o->unknown[0], "newThing");
	assert_string_equal(o->unknown[1], "otherThing");
	change_free(c);
}

static void
a_peer_has_address_port_as_password_reference_filters_and_ttl(void **state)
{
	struct change *c = decode_spec("bgppeers//tor-a",
	    "'peerIP':'192.0.2.1:1790','asNumber':'1.10','ttlSecurity':2,"
	    "'maxRestartTime':'2m30s','filters':['f1','f2'],"
	    "'password':{'secretKeyRef':{'name':'bgp-secrets','key':'tor-a'}}");
	const struct bgp_peer *p = calico_peer(object_calico(c->object));

	(void)state;
	assert_ip(&p->address, "192.0.2.1");
	assert_int_equal(p->port, 1790);
	assert_int_equal(p->as_number, 65546);
	assert_int_equal(p->ttl_security, 2);
	assert_true(p->restart_time_ns == 150ull * 1000000000);
	assert_int_equal(p->filters.len, 2);
	assert_string_equal(p->filters.items[1], "f2");
	assert_string_equal(p->secret_name, "bgp-secrets");
	assert_string_equal(p->secret_key, "tor-a");
	change_free(c);
}

static const struct {
	const char *text, *address;
	unsigned port;
} addresses[] = {
    {"192.0.2.1", "192.0.2.1", 0},
    {"2001:db8::1", "2001:db8::1", 0},
    {"[2001:db8::1]:178", "2001:db8::1", 178},
};

static void
a_peers_address_may_have_a_port_in_both_families(void **state)
{
	char spec[100];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(addresses); i++) {
		struct change *c;
		const struct bgp_peer *p;

		snprintf(spec, sizeof(spec), "'peerIP':'%s'", addresses[i].text);
		c = decode_spec("bgppeers//p", spec);
		p = calico_peer(object_calico(c->object));
		assert_ip(&p->address, addresses[i].address);
		assert_int_equal(p->port, addresses[i].port);
		change_free(c);
	}
}

static void
filter_rules_keep_their_order_and_say_which_routes_they_mean(void **state)
{
	struct change *c = decode_spec("bgpfilters//f",
	    "'exportV4':[{'action':'Accept','matchOperator':'In','cidr':'77.0.0.0/16',"
	    "'source':'RemotePeers'},{'action':'Reject','matchOperator':'NotIn',"
	    "'cidr':'10.96.0.0/12','prefixLength':{'min':30}},{'action':'Reject'}],"
	    "'exportV6':[{'action':'Accept','matchOperator':'Equal','cidr':'fd00::/64',"
	    "'peerType':'iBGP','operations':[{'addCommunity':{'value':'1:2'}}]}]");
	const struct bgp_filter *f = calico_filter(object_calico(c->object));
	const struct calico_rule *v4 = f->rules[0], *v6 = f->rules[1];

	(void)state;
	assert_int_equal(f->n_rules[0], 3);
	assert_int_equal(f->n_rules[1], 1);
	assert_true(v4[0].accept);
	assert_string_equal(v4[0].no_match, "source");
	assert_int_equal(v4[1].match, MATCH_NOT_IN);
	assert_int_equal(v4[1].min_len, 30);
	assert_int_equal(v4[1].max_len, 32);
	assert_null(v4[1].no_match);
	assert_int_equal(v4[2].match, MATCH_ANY);
	assert_false(v4[2].accept);
	assert_int_equal(v6[0].match, MATCH_EQUAL);
	assert_int_equal(v6[0].peer_type, PEER_TYPE_IBGP);
	assert_string_equal(v6[0].left_out, "operations");
	change_free(c);
}

static const struct {
	const char *key, *spec, *because;
} bad[] = {
    {"bgpconfigurations//default", "'serviceClusterIPs':[{'cidr':'10.96.0.1/12'}]",
        "field serviceClusterIPs: \"10.96.0.1/12\" is not a CIDR without host bits"},
    {"bgpconfigurations//default", "'serviceExternalIPs':[{}]",
        "field serviceExternalIPs: \"\" is not a CIDR"},
    {"bgpconfigurations//default", "'serviceExternalIPs':['192.0.2.0/24']",
        "field serviceExternalIPs is not a list of objects"},
    {"bgpconfigurations//default", "'serviceLoadBalancerAggregation':'Maybe'",
        "\"Maybe\" is neither Enabled nor Disabled"},
    {"bgpconfigurations//default",
        "'prefixAdvertisements':[{'cidr':'10.0.0.0/8','communities':['nobody']}]",
        "\"nobody\" is neither a community nor the name of one in communities"},
    {"bgpconfigurations//default",
        "'prefixAdvertisements':[{'cidr':'10.0.0.0/8','communities':['70000:1']}]",
        "\"70000:1\" is neither a community"},
    {"bgpconfigurations//default", "'asNumber':-1",
        "field asNumber: \"-1\" is out of its range"},
    {"bgpconfigurations//default", "'asNumber':'1.70000'", "is not an AS number"},
    {"bgpconfigurations//default", "'listenPort':65536", "field listenPort"},
    {"bgppeers//p", "'peerIP':'192.0.2.1:0'",
        "field peerIP: \"192.0.2.1:0\" is not an address"},
    {"bgppeers//p", "'peerIP':'192.0.2'", "is not an address"},
    {"bgppeers//p", "'peerIP':'[192.0.2.1]:179'", "is not an address"},
    {"bgppeers//p", "'maxRestartTime':'2 minutes'", "is not a duration such as 2m30s"},
    {"bgppeers//p", "'filters':'f'", "field filters is not a list"},
    {"bgpfilters//f", "'exportV4':[{'action':'Drop'}]", "field action: \"Drop\""},
    {"bgpfilters//f", "'exportV4':[{}]", "neither Accept nor Reject"},
    {"bgpfilters//f", "'exportV4':[{'action':'Reject','cidr':'10.0.0.0/8'}]",
        "field matchOperator: \"\" is missing beside a cidr"},
    {"bgpfilters//f",
        "'exportV6':[{'action':'Reject','cidr':'10.0.0.0/8','matchOperator':'In'}]",
        "of the other address family"},
    {"ippools//p", "", "field cidr: \"\" is not a CIDR"},
    {"ippools//p", "'cidr':'10.0.0.0/8','disableBGPExport':'yes'",
        "field disableBGPExport is not true or false"},
};

static void
a_value_that_cannot_be_meant_refuses_the_record_and_names_its_field(void **state)
{
	char json[1000];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		snprintf(json, sizeof(json), "{'metadata':{'name':'%s'},'spec':{%s}}",
		    strrchr(bad[i].key, '/') + 1, bad[i].spec);
		for (char *p = json; *p; p++)
			*p = *p == '\'' ? '"' : *p;
		assert_refused(bad[i].key, json, bad[i].because);
	}
}

static void
protobuf_is_refused_since_custom_resources_have_none(void **state)
{
	static const char value[] = "k8s\0";
	struct decode_error why = {.text = ""};

	(void)state;
	assert_null(decode_bytes("ippools//p", value, 4, &why));
	assert_non_null(strstr(why.text, "Calico's objects are JSON"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_sample_of_calicos_page_is_taken_whole),
	    cmocka_unit_test(a_field_that_this_version_does_not_know_is_kept_by_name),
	    cmocka_unit_test(a_peer_has_address_port_as_password_reference_filters_and_ttl),
	    cmocka_unit_test(a_peers_address_may_have_a_port_in_both_families),
	    cmocka_unit_test(filter_rules_keep_their_order_and_say_which_routes_they_mean),
	    cmocka_unit_test(
	        a_value_that_cannot_be_meant_refuses_the_record_and_names_its_field),
	    cmocka_unit_test(protobuf_is_refused_since_custom_resources_have_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
