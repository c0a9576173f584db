// SPDX-License-Identifier: Apache-2.0

// etcd from its Go module: Debian 12 has one that is too old for the API server's streamed lists.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
