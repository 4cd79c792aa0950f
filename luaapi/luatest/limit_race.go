//go:build race

package luatest

import "time"

// limit is how long a test may take; the race detector slows Lua down.
const limit = 60 * time.Second
