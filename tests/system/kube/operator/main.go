// SPDX-License-Identifier: Apache-2.0

// Reads one ServiceMonitor or PrometheusRule (JSON) from standard input with the Prometheus operator's
// own types; a field that they do not have is an error.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

func main() {
	text, err := io.ReadAll(os.Stdin)
	if err == nil {
		err = check(text)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func check(text []byte) error {
	var kind struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
	}
	if err := json.Unmarshal(text, &kind); err != nil {
		return err
	}
	objects := map[string]runtime.Object{
		monitoring.ServiceMonitorsKind: &monitoring.ServiceMonitor{},
		monitoring.PrometheusRuleKind:  &monitoring.PrometheusRule{},
	}
	object, known := objects[kind.Kind]
	if !known || kind.APIVersion != monitoring.SchemeGroupVersion.String() {
		return fmt.Errorf("the operator has no %s %s", kind.APIVersion, kind.Kind)
	}
	var fields map[string]any
	if err := json.Unmarshal(text, &fields); err != nil {
		return err
	}
	return runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(fields, object, true)
}
