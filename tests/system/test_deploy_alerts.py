# SPDX-License-Identifier: Apache-2.0
"""deploy/alerts.yaml, its runbook and the dashboard: which alert rises when, that each has a runbook
section, and that nothing is asked of Prometheus that the programs do not measure."""

import json
import os
import re
import subprocess

import pytest
import yaml

from lib.heliograph import Heliograph, program
from lib.proc import Process
from lib.wait import eventually

_TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DEPLOY = os.path.join(_TOP, "deploy")
ALERTS = os.path.join(DEPLOY, "alerts.yaml")
STEP = 30  # seconds between samples

# A healthy pair, and a healthy feed: {series: value, or promtool's notation}.
_REPLICA = {
    "build_info{version=\"1\"}": 1, "ready": 1, "start_time_seconds": 1000, "kafka_up": 1,
    "input_age_seconds": 1, "kafka_outages_total": 0, "kafka_lag_records": 0, "kafka_caught_up": 1,
    "kafka_held_back_records": 0,
    "kafka_records_quarantined_total{reason=\"undecodable\"}": 0,
    "kafka_record_parts_ignored_total": 0,
    "kafka_records_ignored_total{reason=\"unknown_resource\"}": 0,
    "resident_memory_bytes": 3e8, "rcu_backlog_objects": 10, "stuck_threads": 0, "guard_refused_total": 0,
    "prefixes_over_limit": 0,
    "cluster_objects{resource=\"nodes\"}": 100, "paths": 1000,
    "class_paths{class=\"cluster_ip\",family=\"ipv4\"}": 900,
    "class_prefixes{class=\"cluster_ip\",family=\"ipv4\"}": 90,
    "class_digest{class=\"cluster_ip\",family=\"ipv4\"}": 281474976710655,
    "held_paths{reason=\"limit\"}": 0, "held_paths{reason=\"last_path\"}": 0,
    "mode{mode=\"normal\"}": 1, "mode{mode=\"frozen\"}": 0,
    "view_peers_over_sets{view=\"near\"}": 0, "config_stale": 0, "node_selectors_ignored": 0, "node_addresses_shared": 0, "prefixes_merged_attributes": 0,
    "bgp_sessions_established": 40,
    "bgp_peer_established{peer=\"t1\",address=\"192.0.2.1\"}": 1,
    "bgp_peer_flaps_total{peer=\"t1\",address=\"192.0.2.1\"}": 0,
    "bgp_peer_behind_changes{peer=\"t1\",address=\"192.0.2.1\"}": 0,
    "bgp_peer_paths_sent_total{peer=\"t1\",address=\"192.0.2.1\"}": "1000+5x800",
    "bgp_malformed_messages_total{class=\"update\"}": 0,
    "bgp_rejected_connections_total{reason=\"unknown_peer\"}": 0,
    "bgp_rejected_connections_total{reason=\"limit\"}": 0,
    "bgp_rejected_connections_total{reason=\"damped\"}": 0,
    "catchups_total": 0, "snapshots_abandoned_total": 0, "path_tombstones_given_up_total": 0,
}
_FEED = {
    "caught_up": 1, "epoch": 1700000000000, "api_resources_watching": 8,
    # The clock of a promtool test begins in 1970, so "now" grows by STEP with each sample.
    "api_last_answer_timestamp_seconds": f"0+{STEP}x800",
    "kafka_up": 1, "queue_records": 0, "records_refused_total": 0, "objects_unusable_total": 0,
    "topic_losses_total": 0, "api_relists_total": 0,
}


def _series(prefix, name, instance, job):
    labels = f"job=\"{job}\",instance=\"{instance}\""
    if "{" in name:
        return f"{prefix}{name[:-1]},{labels}}}"
    return f"{prefix}{name}{{{labels}}}"


# (what happens, what differs from health, minutes after which we look, the alerts that fire then).
# What differs: {"a kafka_up": values}: replica a or b, both of them ("*"), or "feed"; None: no such
# series. No other alert may fire.
SCENARIOS = [
    ("all is well for an hour", {}, 60, []),
    ("no replica is scraped", {"*": None}, 3, ["HeliographDown"]),
    ("one replica is not scraped", {"b": None}, 6, ["HeliographReplicaMissing"]),
    ("one replica is not scraped for a moment", {"b build_info{version=\"1\"}": "1 1 _ _ _ 1x20"}, 3, []),
    ("both start and read", {"* ready": 0}, 2, ["HeliographNoneReady"]),
    ("one start takes long", {"a ready": 0}, 11, ["HeliographNotReady"]),
    ("one replica restarts again and again", {"a start_time_seconds": "1+0x20 2+0x5 3+0x5 4+0x30"}, 18,
     ["HeliographRestarting"]),
    ("one replica was restarted once", {"a start_time_seconds": "1+0x20 2+0x20"}, 15, []),
    ("an update stopped half way", {"a build_info{version=\"1\"}": None,
                                    "a build_info{version=\"2\"}": 1}, 62, ["HeliographVersionsDiffer"]),
    ("the replicas announce different paths",
     {"a class_digest{class=\"cluster_ip\",family=\"ipv4\"}": 281474976710654}, 6, ["HeliographReplicasDiffer"]),
    ("the replicas are scraped at different moments while routes change all the time",
     {"a class_digest{class=\"cluster_ip\",family=\"ipv4\"}": "1+1000x200",
      "b class_digest{class=\"cluster_ip\",family=\"ipv4\"}": "7+1000x200"}, 20, []),
    ("a replica finds that the other's routes lastingly differ",
     {"a replica_differs_seconds{replica=\"192.0.2.2:8179\"}": f"0+{STEP}x60"}, 5, ["HeliographReplicasDiffer"]),
    ("a replica finds a difference that goes away",
     {"a replica_differs_seconds{replica=\"192.0.2.2:8179\"}": "15 30 45 60 0x200"}, 5, []),
    ("the replicas differ for as long as one commit takes",
     {"a class_digest{class=\"cluster_ip\",family=\"ipv4\"}": "281474976710655 7 281474976710655x30"}, 6, []),
    ("routes are held by the limit", {"a held_paths{reason=\"limit\"}": 12}, 1, ["HeliographRoutesHeld"]),
    ("a prefix's last path waits", {"a held_paths{reason=\"last_path\"}": 2}, 5, []),
    ("a replica was frozen and forgotten", {"a mode{mode=\"normal\"}": 0, "a mode{mode=\"frozen\"}": 1}, 62,
     ["HeliographNotNormal"]),
    ("a replica is frozen for an incident", {"a mode{mode=\"normal\"}": 0, "a mode{mode=\"frozen\"}": 1}, 50, []),
    ("one replica has no paths yet because it starts",
     {"a class_digest{class=\"cluster_ip\",family=\"ipv4\"}": 0, "a ready": 0}, 6, []),
    ("memory grows without end", {"a resident_memory_bytes": "300000000+400000x1200"}, 125,
     ["HeliographMemoryGrows"]),
    ("more prefixes than the switches have room for", {"a prefixes_over_limit": "0 0 7x100"}, 5, ["HeliographPrefixLimit"]),
    ("the guard refuses a prefix", {"a guard_refused_total": "0 1x100"}, 5, ["HeliographGuardRefuses"]),
    ("a thread is stuck", {"a stuck_threads": 1}, 1, ["HeliographThreadStuck"]),
    ("a grace period does not end", {"a rcu_backlog_objects": 2e6}, 6, ["HeliographGracePeriodStuck"]),
    ("Kafka is away", {"* kafka_up": 0, "* input_age_seconds": f"0+{STEP}x60"}, 4,
     ["HeliographKafkaDown"]),
    ("Kafka is away for long", {"* kafka_up": 0, "* input_age_seconds": f"0+{STEP}x60"}, 12,
     ["HeliographKafkaDown", "HeliographInputOld"]),
    ("Kafka comes and goes", {"a kafka_outages_total": "0 1 2 3 4 5x200"}, 5,
     ["HeliographKafkaFlapping"]),
    ("a replica is behind the topic", {"a kafka_lag_records": 5000}, 6, ["HeliographKafkaLag"]),
    ("a first scan is no lag", {"* kafka_lag_records": 5000, "* ready": 0, "* kafka_caught_up": 0}, 0.5, []),
    ("a transaction is left open", {"* kafka_held_back_records": 7}, 4,
     ["HeliographTransactionOpen", "HeliographTransactionOpen"]),
    ("a transaction is open until its timeout", {"* kafka_held_back_records": "7x4 0x200"}, 4, []),
    ("a partition is not read to its end", {"a kafka_caught_up": 0}, 11, ["HeliographNotCaughtUp"]),
    ("a record cannot be decoded", {"* kafka_records_quarantined_total{reason=\"undecodable\"}": "0 1x100"},
     5, ["HeliographRecordsQuarantined"]),
    ("an address cannot be parsed", {"* kafka_record_parts_ignored_total": "0 1x100"}, 5,
     ["HeliographRecordPartsIgnored"]),
    ("somebody else writes to the topic",
     {"* kafka_records_ignored_total{reason=\"unknown_resource\"}": "0 7x100"}, 5,
     ["HeliographForeignRecords"]),
    ("the topic is empty", {"* cluster_objects{resource=\"nodes\"}": 0}, 2, ["HeliographClusterEmpty"]),
    ("half of the paths go", {"* paths": "1000x10 500x30"}, 8, ["HeliographPathsDropped"]),
    ("a tenth of the paths goes", {"* paths": "1000x10 900x30"}, 8, []),
    ("a small cluster loses three of its ten paths", {"* paths": "10x10 7x30"}, 8, []),
    ("a class is gone", {"* class_prefixes{class=\"cluster_ip\",family=\"ipv4\"}": "90x10 0x30"}, 8,
     ["HeliographClassGone"]),
    ("a class never was", {"* class_prefixes{class=\"pod_cidr\",family=\"ipv4\"}": 0}, 10, []),
    ("a selector matches nothing", {"* node_selectors_ignored": 1}, 6, ["HeliographSelectorMatchesNothing"]),
    ("a configuration was refused", {"a config_stale": 1}, 6, ["HeliographConfigStale"]),
    ("a switch is shown more sets than it holds", {"* view_peers_over_sets{view=\"near\"}": 2}, 6,
     ["HeliographTooManySets"]),
    ("two nodes have one address", {"* node_addresses_shared": 1}, 6, ["HeliographNodeAddressShared"]),
    ("services want different attributes", {"* prefixes_merged_attributes": 2}, 16,
     ["HeliographAttributesMerged"]),
    ("a replica has no session", {"a bgp_sessions_established": 0}, 3, ["HeliographNoSessions"]),
    ("a replica loses a fifth of its sessions", {"a bgp_sessions_established": "40x10 32x30"}, 10,
     ["HeliographSessionsLost"]),
    ("a replica loses one of its sessions", {"a bgp_sessions_established": "40x10 39x30"}, 10, []),
    ("a ToR is down", {"a bgp_peer_established{peer=\"t1\",address=\"192.0.2.1\"}": 0}, 6,
     ["HeliographSessionDown"]),
    ("a ToR was restarted", {"a bgp_peer_established{peer=\"t1\",address=\"192.0.2.1\"}": "1 0x4 1x30"}, 10,
     []),
    ("a session flaps", {"a bgp_peer_flaps_total{peer=\"t1\",address=\"192.0.2.1\"}": "0 1 2 3 4x100"}, 10,
     ["HeliographSessionFlapping"]),
    ("a ToR reads nothing", {"a bgp_peer_behind_changes{peer=\"t1\",address=\"192.0.2.1\"}": 3,
                             "a bgp_peer_paths_sent_total{peer=\"t1\",address=\"192.0.2.1\"}": 1000}, 6,
     ["HeliographPeerStalled"]),
    ("a ToR in a busy cluster is always a little behind",
     {"a bgp_peer_behind_changes{peer=\"t1\",address=\"192.0.2.1\"}": 300}, 6, []),
    ("a ToR is far too slow", {"a bgp_peer_behind_changes{peer=\"t1\",address=\"192.0.2.1\"}": 50000}, 6,
     ["HeliographPeerBehind"]),
    ("a ToR sends nonsense", {"a bgp_malformed_messages_total{class=\"update\"}": "0 1x100"}, 5,
     ["HeliographMalformedMessages"]),
    ("a ToR was forgotten in the configuration",
     {"* bgp_rejected_connections_total{reason=\"unknown_peer\"}": "0+1x100"}, 10, ["HeliographUnknownPeers"]),
    ("no more peers are taken", {"a bgp_rejected_connections_total{reason=\"limit\"}": "0 1x100"}, 5,
     ["HeliographPeerLimit"]),
    ("a peer is held off", {"a bgp_rejected_connections_total{reason=\"damped\"}": "0+1x100"}, 10,
     ["HeliographConnectionsDamped"]),
    ("peers fall out of the window", {"a catchups_total": "0+10x100"}, 10, ["HeliographPeersFallBehind"]),
    ("joiners are slow", {"a snapshots_abandoned_total": "0 1x100"}, 5, ["HeliographSlowJoiners"]),
    ("withdrawals are forgotten", {"a path_tombstones_given_up_total": "0 1x100"}, 5,
     ["HeliographWithdrawalsForgotten"]),
    ("heliofeed is gone", {"feed *": "1x10 _x200"}, 20, ["HeliofeedDown"]),
    ("there never was a heliofeed", {"feed": None}, 10, []),
    ("two heliofeeds run", {"twin epoch": 1700000000000, "twin caught_up": 1}, 6, ["HeliofeedTwins"]),
    ("heliofeed starts again and again", {"feed epoch": "1+0x5 2+0x5 3+0x5 4+0x5 5+0x20"}, 18,
     ["HeliofeedTwins"]),
    ("heliofeed may not watch", {"feed api_resources_watching": 7}, 6, ["HeliofeedNotWatching"]),
    ("the API server is silent", {"feed api_last_answer_timestamp_seconds": 0}, 11, ["HeliofeedApiSilent"]),
    ("heliofeed cannot write", {"feed kafka_up": 0}, 3, ["HeliofeedKafkaDown"]),
    ("heliofeed does not finish its listing", {"feed caught_up": 0}, 11, ["HeliofeedNotCaughtUp"]),
    ("heliofeed's queue is long", {"feed queue_records": 5000}, 11, ["HeliofeedQueueGrows"]),
    ("a record is too large", {"feed records_refused_total": "0 1x100"}, 5, ["HeliofeedRecordsRefused"]),
    ("an object cannot be read", {"feed objects_unusable_total": "0 1x100"}, 5,
     ["HeliofeedObjectsUnusable"]),
    ("the topic was made anew", {"feed topic_losses_total": "0 1x100"}, 5, ["HeliofeedTopicLost"]),
    ("the API server forgets", {"feed api_relists_total": "0+1x100"}, 10, ["HeliofeedRelists"]),
]


def _world(changes):
    """All series of a scenario."""
    world = {("a", n): v for n, v in _REPLICA.items()} | {("b", n): v for n, v in _REPLICA.items()} | \
            {("feed", n): v for n, v in _FEED.items()}
    for what, value in changes.items():
        who, _, name = what.partition(" ")
        for instance in ("a", "b") if who == "*" else (who,):
            for key in [k for k in world if k[0] == instance] if name in ("", "*") else [(instance, name)]:
                world[key] = value
    return {k: v for k, v in world.items() if v is not None}


def _group(sentence, changes, minutes, fired):
    series = []
    for (who, name), value in _world(changes).items():
        feed = who in ("feed", "twin")
        series.append({
            "series": _series("heliofeed_" if feed else "heliograph_", name, who,
                              "feed" if feed else "heliograph"),
            "values": value if isinstance(value, str) else f"{value:.0f}+0x{round(minutes * 60 / STEP) + 2}"})
    return {
        "name": sentence, "interval": f"{STEP}s", "input_series": series,
        "promql_expr_test": [{
            "expr": "count by (alertname) (ALERTS{alertstate=\"firing\"})",
            "eval_time": f"{round(minutes * 60)}s",
            "exp_samples": [{"labels": f"{{alertname=\"{name}\"}}", "value": value}
                            for name, value in fired.items()]}]}


def _promtool(folder, groups):
    path = os.path.join(folder, "alerts_test.yaml")
    with open(path, "w", encoding="utf-8") as f:
        json.dump({"rule_files": [ALERTS], "evaluation_interval": f"{STEP}s", "tests": groups}, f)
    done = subprocess.run(["promtool", "test", "rules", path], capture_output=True, text=True,
                          check=False)
    return done.returncode, done.stdout + done.stderr


def _rules():
    with open(ALERTS, encoding="utf-8") as f:
        return [rule for group in yaml.safe_load(f)["groups"] for rule in group["rules"]]


def _read(*path):
    with open(os.path.join(DEPLOY, *path), encoding="utf-8") as f:
        return f.read()


def test_each_fault_raises_its_alert_and_no_other(tmp_path):
    # What happens to both replicas raises the alert for each, unless it speaks of the pair.
    of_the_pair = {"HeliographDown", "HeliographNoneReady", "HeliographReplicaMissing",
                   "HeliographVersionsDiffer", "HeliographReplicasDiffer"}
    groups = []
    for sentence, changes, minutes, fired in SCENARIOS:
        both = any(what.startswith("*") for what in changes)
        groups.append(_group(sentence, changes, minutes, {
            name: 2 if both and name not in of_the_pair else 1 for name in fired}))
    code, text = _promtool(str(tmp_path), groups)
    assert code == 0, text


def test_a_scenario_that_is_wrong_is_found(tmp_path):
    code, text = _promtool(str(tmp_path), [_group("nothing happens", {}, 10, {"HeliographDown": 1})])
    assert code != 0 and "HeliographDown" in text
    code, text = _promtool(str(tmp_path), [_group("nobody is scraped", {"*": None}, 10, {})])
    assert code != 0 and "HeliographDown" in text


def test_every_alert_is_raised_by_a_scenario_and_says_what_to_do():
    names = [rule["alert"] for rule in _rules()]
    raised = {name for *_, fired in SCENARIOS for name in fired}
    assert sorted(raised) == sorted(names)
    for rule in _rules():
        assert rule["labels"]["severity"] in ("critical", "warning", "info"), rule["alert"]
        assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
        assert rule["annotations"]["runbook_url"] == f"RUNBOOK.md#{rule['alert'].lower()}"


def test_the_runbook_has_a_section_for_each_alert_and_names_what_exists():
    text = _read("RUNBOOK.md")
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^#|\Z)", text, re.MULTILINE | re.DOTALL))
    assert sorted(sections) == sorted(rule["alert"] for rule in _rules())
    for name, body in sections.items():
        marks = re.findall(r"^\*\*(\w+)\.\*\*", body, re.MULTILINE)
        assert marks == ["Means", "See", "Do"], f"{name}: {marks}"
    for target in re.findall(r"\]\(#(\w+)\)", text):
        assert target in {name.lower() for name in sections}, target
    commands = subprocess.run([program("helioctl"), "--help"], capture_output=True, text=True,
                              check=True).stdout
    for command in re.findall(r"helioctl ([a-z]+)", text):
        assert re.search(rf"^ +{command}\b", commands, re.MULTILINE), f"helioctl has no {command}"
    reference = subprocess.run([program("heliographd"), "--config-reference"], capture_output=True,
                               text=True, check=True).stdout
    for section, key in re.findall(r"`(advertise|limits|graceful_restart|kafka)\.(\w+)`", text):
        body = reference.split(f"## `{section}`\n")[1].split("\n## ")[0]
        assert f"| `{key}` |" in body, f"{section}.{key}"


# --- what is measured ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def measured(net, run_folder):
    """The names of all samples that a heliographd with a peer and another replica, and a heliofeed, serve."""
    folder = os.path.join(run_folder, "measured")
    other = Heliograph(net, os.path.join(folder, "other"), {
        "kafka": {"brokers": "embedded"}, "router_id": "10.255.0.2", "listen": [], "peers": [],
        "http": "127.0.0.1:8181"}, where="core")
    helio = Heliograph(net, folder, {"kafka": {"brokers": "embedded"}, "replicas": ["127.0.0.1:8181"],
                                     "views": {"near": {"max_distinct_sets": 100}}}, where="core")
    kubeconfig = os.path.join(folder, "kubeconfig")
    feed = Process("heliofeed", [
        program("heliofeed"), "--kafka", f"embedded:{folder}", "--kubeconfig", kubeconfig,
        "--http", "127.0.0.1:8180"], os.path.join(folder, "feed.log"), net["core"])
    with open(kubeconfig, "w", encoding="utf-8") as f:  # where nobody listens: its metrics are all we ask
        f.write("{clusters: [{name: a, cluster: {server: 'https://127.0.0.1:1'}}], users: [{name: a, "
                "user: {token: t}}], contexts: [{name: a, context: {cluster: a, user: a}}], "
                "current-context: a}")
    other.start()
    helio.start()
    try:
        helio.wait_ready()
        eventually(lambda: {r["state"] for r in helio.ctl("digest")["replicas"]} & {"equal", "changes"}, 20)
        feed.start()

        def feed_metrics():
            done = net["core"].run("curl", "-sf", "http://127.0.0.1:8180/metrics", check=False)
            assert done.returncode == 0, feed.log()[-2000:]
            return done.stdout

        text = helio.get("/metrics")[1] + eventually(feed_metrics)
        with open(os.path.join(_TOP, "server", "watch", "metrics.c"), encoding="utf-8") as f:
            allocator = re.findall(r"\"(jemalloc_\w+)\"", f.read())  # only where it is linked
        return set(re.findall(r"^(helio[a-z_]+)[ {]", text, re.MULTILINE)) | {
            f"heliograph_{name}" for name in allocator}
    finally:
        feed.stop()
        helio.stop()
        other.stop()


def _asked(text):
    return set(re.findall(r"\bhelio(?:graph|feed)_[a-z_0-9]+", text))


def test_alerts_ask_only_for_what_is_measured(measured):
    for rule in _rules():
        assert _asked(rule["expr"]) - measured == set(), rule["alert"]
    assert _asked(_read("RUNBOOK.md")) - measured == set()


def test_the_tests_of_the_alerts_use_what_is_measured(measured):
    names = {f"heliograph_{n.split('{')[0]}" for n in _REPLICA} | {f"heliofeed_{n}" for n in _FEED}
    assert names - measured == set()


def test_the_dashboard_asks_only_for_what_is_measured(measured):
    dashboard = json.loads(_read("dashboard.json"))
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    expressions += [v["query"]["query"] for v in dashboard["templating"]["list"] if v["type"] == "query"]
    assert len(expressions) > 20
    for expression in expressions:
        assert _asked(expression), expression
        assert _asked(expression) - measured == set(), expression


def test_the_dashboards_expressions_are_promql(tmp_path):
    dashboard = json.loads(_read("dashboard.json"))
    rules = []
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            # Grafana's variables as it would fill them in.
            expr = target["expr"].replace("$__rate_interval", "1m").replace("$job", "heliograph") \
                .replace("$instance", "a").replace("$peer", "t1")
            rules.append({"record": f"panel:{panel['id']}:{target['refId']}", "expr": expr})
    path = tmp_path / "rules.yaml"
    path.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    done = subprocess.run(["promtool", "check", "rules", str(path)], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dashboards_panels_do_not_overlap():
    taken = set()
    for panel in json.loads(_read("dashboard.json"))["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24 and not cells & taken, panel["title"]
        taken |= cells
