package main_test

import (
	"math"
	"regexp"
)

// figuresEntry says how figures of HAProxy and of Relais compare. Of several entries for a column
// the first that names the row counts.
type figuresEntry struct {
	class   figuresClass
	columns string
	rows    string // patterns of LANE/SERVER, FRONTEND or BACKEND; empty: all others
	why     string // within which limits, or why the figures differ

	near func(theirs, ours float64, row figuresRow) bool // what holds of figures that are not the same; nil: nothing
}

// figuresClass is how figures compare.
type figuresClass string

const (
	figuresEqual figuresClass = "equal"
	figuresTimed figuresClass = "equal within timing"
	figuresOther figuresClass = "different on purpose"
	figuresLater figuresClass = "younger than HAProxy 2.6"
)

// figuresTable has all columns. It is printed in docs/stats.md.
var figuresTable = []figuresEntry{
	{class: figuresEqual, columns: "pxname svname qcur scur sid pid type mode algo addr cookie tracked status weight uweight act bck throttle qlimit"},
	{class: figuresEqual, columns: "chkfail chkdown hanafail check_status check_code check_desc check_rise check_fall check_health"},
	{class: figuresEqual, columns: "agent_status agent_code agent_duration agent_desc agent_rise agent_fall agent_health last_agt"},
	{class: figuresEqual, columns: "dreq dresp ereq cli_abrt eint intercepted dcon dses wrew rate_lim conn_tot src_ilim used_conn_cur"},
	{class: figuresEqual, columns: "comp_in comp_out comp_byp comp_rsp cache_lookups cache_hits agg_server_check_status agg_server_status agg_check_status"},
	{class: figuresEqual, columns: "hrsp_3xx hrsp_4xx hrsp_5xx hrsp_other rate conn_rate"},

	{figuresTimed, "qmax smax", "", "within 20: a connection or request ends a moment before or after the next one begins", within(20)},
	{figuresTimed, "lastchg", "", "within 30 s: neither is started at the same moment", within(30)},
	{figuresTimed, "lastsess", "", "within 30 s: they are not equally fast with all of the requests", within(30)},
	{figuresTimed, "rate_max conn_rate_max", "", "within a factor of 5: the second with the most is another one", factor(5, 20)},
	{figuresTimed, "qtime rtime ttime", "queue/*", "within a factor of 3", factor(3, 10)},
	{figuresOther, "ttime", "failing/s1", "HAProxy adds up all requests of the server, and divides by its whole answers, of which there are few here, or in its metrics by 1024. Relais averages the " +
		"requests that the server has answered, if only in part", nil},
	{figuresTimed, "qtime ctime rtime ttime", "", "within 250 ms", within(250)},
	{figuresTimed, "qtime_max ctime_max rtime_max ttime_max", "", "within 2 s", within(2000)},
	{figuresTimed, "check_duration", "", "within 1 s", within(1000)},
	{figuresTimed, "lbtot", "queue/*", "within 40: how many found the server free", within(40)},
	{figuresTimed, "srv_icur idle_conn_cur safe_conn_cur", "", "within 20: HAProxy closes idle connections that it thinks it will not need, and takes one that has served a single " +
		"request for unsafe; Relais keeps them as long as the server does, and looks at each before it is used again, so that none is unsafe", within(20)},
	{figuresTimed, "need_conn_est", "", "within 20: HAProxy estimates from the last seconds what it will need; Relais needs no estimate and says what is in use", within(20)},

	{figuresOther, "iid", "", "One more: HAProxy 2.6 begins at 1, HAProxy 3 and Relais at 2", func(theirs, ours float64, _ figuresRow) bool { return ours == theirs+1 }},
	{figuresOther, "slim", "*/BACKEND", "HAProxy says `fullconn`, which Relais does not have, as no server's `maxconn` depends on it", missing},
	{figuresEqual, "slim", "", "", nil},
	{figuresEqual, "bin bout", "tcp/*", "", nil},
	{figuresOther, "bin bout", "", "Relais counts heads and bodies as they are on the wire. HAProxy counts names and values of fields without what separates " +
		"them, but with pseudo fields of its own; nothing of malformed requests; and its error pages are shorter", wireBytes},
	{figuresOther, "stot wredis lbtot connect", "refused/s1 refused/BACKEND", "A further attempt of a request takes no server's turn. In HAProxy it takes the turn of the server that saves " +
		"the request, so that the server that refuses is the first for each", func(theirs, ours float64, _ figuresRow) bool { return ours < theirs }},
	{figuresOther, "wretr", "refused/s1 refused/BACKEND", "Each further attempt counts, and in `wredis` those on another server. HAProxy counts a failed connection that leads elsewhere " +
		"in `wredis` alone, a failed answer in both", func(theirs, ours float64, _ figuresRow) bool { return theirs == 0 }},
	{figuresOther, "stot wretr wredis lbtot connect reuse req_tot hrsp_2xx", "flaky/s*", "As a further attempt takes no turn, other servers have answered; the backend's figures are equal", nil},
	{figuresEqual, "stot wretr wredis hrsp_2xx lbtot", "", "", nil},
	{figuresTimed, "connect reuse", "", "within a quarter: a connection is idle again a moment before or after the next request", quarter},
	{figuresOther, "econ eresp", "refused/s1 refused/BACKEND flaky/s* flaky/BACKEND", "Relais counts every failed attempt where it failed, so that a failing server shows even while retries save all requests. HAProxy " +
		"counts only the last attempt", func(theirs, ours float64, _ figuresRow) bool { return theirs == 0 }},
	{figuresOther, "eresp", "failing/*", "Relais counts an answer that falls silent for `timeout.server` here too, as HAProxy's manual says of `eresp`; HAProxy only in `srv_abrt`",
		func(theirs, ours float64, row figuresRow) bool { return ours == theirs+3 }},
	{figuresEqual, "econ eresp srv_abrt", "", "", nil},
	{figuresOther, "downtime", "checked/s3", "In HAProxy a server in maintenance is down; in Relais what an operator wants is no downtime", missing},
	{figuresTimed, "downtime", "", "within 30 s", within(30)},
	{figuresOther, "hrsp_1xx", "statuses/s*", "A 103 is no answer of its own: one request has one answer. HAProxy counts it at the server too, but not at frontend and backend",
		func(theirs, ours float64, _ figuresRow) bool { return theirs == 20 && ours == 10 }},
	{figuresEqual, "hrsp_1xx", "", "", nil},
	{figuresOther, "req_tot", "statuses/s*", "For the same reason HAProxy counts a 103 as another request of the server", func(theirs, ours float64, _ figuresRow) bool { return theirs == ours+10 }},
	{figuresOther, "req_tot req_rate req_rate_max", "tcp/FRONTEND", "There are no requests in TCP mode; HAProxy 2.6 says 0", missing},
	{figuresEqual, "req_tot req_rate", "", "", nil},
	{figuresTimed, "req_rate_max", "", "within a factor of 5", factor(5, 20)},
	{figuresOther, "last_chk", "", "The words are those of Go (`connection refused`), and Relais also says what a check that passed was answered", nil},

	{class: figuresLater, columns: "srid sess_other h1sess h2sess h3sess req_other h1req h2req h3req proto priv_idle_cur reqbin reqbout resbin resbout cache_hint_hits"},
}

// figuresProcess has the metrics of the process.
var figuresProcess = []figuresEntry{
	{class: figuresEqual, columns: "haproxy_process_nbproc haproxy_process_relative_process_id haproxy_process_stopping haproxy_process_listeners " +
		"haproxy_process_dropped_logs_total haproxy_process_max_memory_bytes haproxy_process_build_info"},
	{figuresTimed, "haproxy_process_start_time_seconds haproxy_process_uptime_seconds", "", "within 30 s", within(30)},
	{figuresTimed, "haproxy_process_current_connections", "", "within 20", within(20)},
	{figuresTimed, "haproxy_process_current_connection_rate haproxy_process_current_session_rate haproxy_process_max_connection_rate haproxy_process_max_session_rate", "",
		"within a factor of 5", factor(5, 100)},
	{figuresTimed, "haproxy_process_bytes_out_rate", "", "within a factor of 10", factor(10, 1e8)},
	{figuresOther, "haproxy_process_requests_total haproxy_process_connections_total", "", "Without those of `:8404`, where HAProxy's page is a frontend like others",
		func(theirs, ours float64, _ figuresRow) bool { return ours <= theirs }},
	{figuresOther, "haproxy_process_bytes_out_total", "", "To clients; HAProxy adds what it sends to servers", func(theirs, ours float64, _ figuresRow) bool { return ours <= theirs }},
	{figuresOther, "haproxy_process_nbthread haproxy_process_max_connections haproxy_process_max_fds", "", "Each has its own threads, and its own reckoning of what the open-files limit allows", nil},
}

// figuresLacking are metrics of what Relais does not have or does not count for the process.
var figuresLacking = regexp.MustCompile(`^haproxy_process_(.*(ssl|zlib|comp|pipes|pool|peers|spliced|limit|jobs|tasks|run_queue|busy_polling|idle_time|recv_logs|failed_resolutions|hard_max|max_sockets).*)$`)

func within(n float64) func(theirs, ours float64, _ figuresRow) bool {
	return func(theirs, ours float64, _ figuresRow) bool { return math.Abs(theirs-ours) <= n }
}

// factor allows small numbers to differ by some more.
func factor(by, more float64) func(theirs, ours float64, _ figuresRow) bool {
	return func(theirs, ours float64, _ figuresRow) bool {
		return ours <= by*theirs+more && theirs <= by*ours+more
	}
}

// missing says that Relais has nothing, or zero.
func missing(_, ours float64, _ figuresRow) bool { return ours == 0 }

func quarter(theirs, ours float64, row figuresRow) bool {
	return math.Abs(theirs-ours) <= 5+number64(row["stot"])/4
}

// wireBytes allows for each request what separators and error pages come to.
func wireBytes(theirs, ours float64, row figuresRow) bool {
	requests := max(number64(row["req_tot"]), number64(row["stot"]))
	return math.Abs(theirs-ours) <= 600*requests
}
