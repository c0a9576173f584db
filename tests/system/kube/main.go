// SPDX-License-Identifier: Apache-2.0

// The Kubernetes API server from its Go module, so that heliofeed meets the real one.
package main

import (
	"os"

	"k8s.io/component-base/cli"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

func main() {
	command := app.NewAPIServerCommand()
	os.Exit(cli.Run(command))
}
