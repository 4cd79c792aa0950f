//go:build !race

package luatest

import "time"

// limit is how long a test may take.
const limit = 10 * time.Second
