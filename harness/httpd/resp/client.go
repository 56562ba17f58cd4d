package resp

import (
	"bytes"
	"crypto/subtle"
	"fmt"
	"strings"
)

// serverVersion is the version of Redis whose protocol is spoken; clients compare it.
const serverVersion = "7.0.0"

// hello does HELLO [version [AUTH user token] [SETNAME name]].
func (s *session) hello(args [][]byte) {
	proto := s.out.proto
	if len(args) > 0 {
		switch string(args[0]) {
		case "2":
			proto = 2
		case "3":
			proto = 3
		default:
			s.out.fail("NOPROTO unsupported protocol version")
			return
		}
		args = args[1:]
	}
	name, trusted := s.name, s.trusted
	for len(args) > 0 {
		switch option := strings.ToUpper(string(args[0])); {
		case option == "AUTH" && len(args) >= 3:
			if !s.right(args[2]) {
				s.out.fail("WRONGPASS invalid token")
				return
			}
			trusted, args = true, args[3:]
		case option == "SETNAME" && len(args) >= 2:
			name, args = string(args[1]), args[2:]
		default:
			s.out.fail(fmt.Sprintf("ERR Syntax error in HELLO option %.100q", args[0]))
			return
		}
	}
	if !trusted {
		s.out.fail("NOAUTH HELLO must be called with the client already authenticated, or with AUTH")
		return
	}
	if s.setName(name) { // otherwise nothing changes, and the client reads an error
		s.out.proto, s.trusted = proto, true
		s.greet()
	}
}

func (s *session) greet() {
	s.out.dict(7)
	for _, pair := range [][2]string{{"server", "lsmlab"}, {"version", serverVersion}, {"mode", "standalone"}, {"role", "master"}} {
		s.out.text(pair[0])
		s.out.text(pair[1])
	}
	s.out.text("proto")
	s.out.number(int64(s.out.proto))
	s.out.text("id")
	s.out.number(s.id)
	s.out.text("modules")
	s.out.array(0)
}

// auth does AUTH [user] token. The user is ignored.
func (s *session) auth(args [][]byte) {
	if !s.right(args[len(args)-1]) {
		s.out.fail("WRONGPASS invalid token")
		return
	}
	s.trusted = true
	s.out.simple("OK")
}

func (s *session) right(token []byte) bool {
	return s.server.Token == "" || subtle.ConstantTimeCompare(token, []byte(s.server.Token)) == 1
}

// client does those parts of CLIENT for which every client library asks when it
// connects.
func (s *session) client(args [][]byte) {
	part := strings.ToUpper(string(args[0]))
	switch {
	case part == "ID":
		s.out.number(s.id)
	case part == "GETNAME" && s.name == "":
		s.out.null()
	case part == "GETNAME":
		s.out.text(s.name)
	case part == "SETNAME" && len(args) == 2:
		if s.setName(string(args[1])) {
			s.out.simple("OK")
		}
	case part == "INFO":
		s.out.text(fmt.Sprintf("id=%d name=%s db=0 resp=%d\n", s.id, s.name, s.out.proto))
	case part == "SETINFO" && len(args) == 3, part == "NO-EVICT" && len(args) == 2, part == "NO-TOUCH" && len(args) == 2:
		s.out.simple("OK")
	default:
		s.unsupported("CLIENT", args[0], "ID, INFO, GETNAME, SETNAME name, SETINFO attribute value, NO-EVICT, NO-TOUCH")
	}
}

// longestName is the longest name of a connection, in bytes.
const longestName = 256

func (s *session) setName(name string) bool {
	if len(name) > longestName || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' }) {
		s.out.fail(fmt.Sprintf("ERR Client names cannot contain spaces, newlines or special characters, or more than %d bytes.", longestName))
		return false
	}
	s.name = name
	return true
}

func (s *session) reset([][]byte) {
	s.drop()
	s.name, s.trusted, s.out.proto = "", s.server.Token == "", 2
	s.out.simple("RESET")
}

func (s *session) bye([][]byte) {
	s.quit = true
	s.out.simple("OK")
}

func (s *session) ping(args [][]byte) {
	if len(args) == 1 {
		s.out.bulk(args[0])
		return
	}
	s.out.simple("PONG")
}

func (s *session) selectDB(args [][]byte) {
	if string(args[0]) != "0" {
		s.out.fail("ERR DB index is out of range: there is one database, 0")
		return
	}
	s.out.simple("OK")
}

// config does CONFIG GET pattern... for the settings by which tools compare servers.
func (s *session) config(args [][]byte) {
	if !strings.EqualFold(string(args[0]), "GET") || len(args) < 2 {
		s.unsupported("CONFIG", args[0], "GET; see --settings for what can be changed")
		return
	}
	all := [][2]string{
		{"appendonly", "yes"}, // every engine logs its writes
		{"databases", "1"},
		{"maxmemory", "0"},
		{"proto-max-bulk-len", fmt.Sprint(s.server.Store.Settings().Limits.BodyBytes)},
		{"save", ""},
		{"timeout", fmt.Sprint(int64(s.server.Idle.Seconds()))},
	}
	var found [][2]string
	for _, setting := range all {
		for _, pattern := range args[1:] {
			if len(pattern) <= longestPattern && matches(bytes.ToLower(pattern), []byte(setting[0])) {
				found = append(found, setting)
				break
			}
		}
	}
	s.out.dict(len(found))
	for _, setting := range found {
		s.out.text(setting[0])
		s.out.text(setting[1])
	}
}
