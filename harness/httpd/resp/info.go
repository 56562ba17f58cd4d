package resp

import (
	"errors"
	"fmt"
	"strings"

	"lsmlab/harness/httpd/service"
)

// info does INFO: it answers with the state of the engine, in the sections that tools
// read.
func (s *session) info([][]byte) {
	state, loading := "ready", 0 // clients wait until loading is 0
	if err := s.server.Store.Ready(); err != nil {
		state = err.Error()
		if errors.Is(err, service.ErrRecovering) {
			loading = 1
		}
	}
	m := s.server.Store.Metrics()
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\r\n", args...) }
	line("# Server")
	line("redis_version:%s", serverVersion)
	line("server_name:lsmlab")
	line("redis_mode:standalone")
	line("state:%s", state)
	line("# Memory")
	line("used_memory:%d", m.MemTableBytes)
	line("# Persistence")
	line("loading:%d", loading)
	line("durability:%s", s.server.Store.Settings().Durability)
	line("disk_bytes:%d", m.DiskBytes)
	line("table_bytes:%d", m.TableBytes)
	line("obsolete_table_bytes:%d", m.ObsoleteTableBytes)
	line("log_bytes:%d", m.LogBytes)
	line("log_pool_bytes:%d", m.LogPoolBytes)
	line("manifest_bytes:%d", m.ManifestBytes)
	line("# Stats")
	line("point_reads:%d", m.PointReads)
	line("user_bytes:%d", m.UserBytes)
	line("stalls:%d", m.Stalls)
	s.out.text(b.String())
}
