package file

// haproxy says what stands in place of HAProxy's directives, and of a password, whose value we
// write in another way. Where ours only has another name, foreign knows it.
func haproxy() map[string]string {
	const (
		edit   = "write it into request: [{set_header: {X-Name: value}}]"
		answer = "write it into response: [{set_header: {X-Name: value}}]"
		path   = "write it into request: [{set_path: /new}], or [{replace_path: {regex: ^/old/(.*), with: /$1}}]"
		rule   = "write a rule into rules of the frontend: {path_prefix: /api/, backend: api}"
		check  = "write health_check: {method: GET, path: /health, host: app.example.com}"
		expect = "write health_check: {expect_status: 200-299}, or one of expect_header, expect_string and expect_regex in it"
		agent  = "write agent_check: {port: 8080, inter: 2s} in the backend"
		moves  = "each retry goes to another server by itself; remove it"
		socket = "write admin_socket: {path: /run/relais/admin.sock, mode: \"0660\", level: admin} at the top of the file"
		users  = "write stats: {users: [{name: ops, password_file: ops.bcrypt, role: operate}]}"
		state  = "write state_file: /var/lib/relais/state at the top of the file, which is read at the start and kept up to date"
		names  = "write resolvers: {nameservers: [\"10.0.0.53:53\"], timeout: 1s} at the top of the file"
		many   = "write a server with a name for all: {name: web, address: \"web:5000\", resolve: all}"
	)
	return map[string]string{
		"hash_type":           "write hash: {type: consistent, function: sdbm}",
		"hash_balance_factor": "write hash: {type: consistent, balance_factor: 150}",
		"option_redispatch":   moves,
		"redispatch":          moves,
		"password":            "write it into a file, and the path of that as password_file",
		"default_server":      "write its keys into each server, or merge them from an anchor: <<: *small",

		"stats_socket":                socket,
		"stats_auth":                  users,
		"userlist":                    users,
		"stats_admin":                 "write stats: {admin: true}, and in its users those who may, with role: operate",
		"server_state_file":           state,
		"server_state_base":           state,
		"server_state_file_name":      state,
		"load_server_state_from_file": state,
		"nameserver":                  names,
		"parse_resolv_conf":           "the name servers of /etc/resolv.conf are asked unless resolvers names others; remove it",
		"timeout_resolve":             "write resolvers: {timeout: 1s}, and resolve_interval: 1s at the server",
		"resolve_retries":             "a name is asked for again at each resolve_interval; remove it",
		"init_addr":                   "no start waits for a name; remove it",
		"server_template":             many,

		"option_httpchk":               check,
		"http_check_send":              check,
		"http_check_connect":           "write health_check: {port: 8080, tls: true}",
		"http_check_expect":            expect,
		"http_check_disable_on_404":    "write health_check: {disable_on_404: true}",
		"option_tcp_check":             "write health_check: {type: tcp}",
		"tcp_check":                    "write health_check: {type: tcp, steps: [{send: PING}, {expect: PONG}]}",
		"tcp_check_send":               "write health_check: {type: tcp, steps: [{send: PING}]}",
		"tcp_check_expect":             "write health_check: {type: tcp, steps: [{expect: PONG}]}",
		"option_mysql_check":           "write health_check: {type: mysql, user: relais}",
		"mysql_check":                  "write health_check: {type: mysql, user: relais}",
		"option_redis_check":           "write health_check: {type: redis}",
		"redis_check":                  "write health_check: {type: redis}",
		"agent_port":                   agent,
		"agent_addr":                   agent,
		"agent_inter":                  agent,
		"agent_send":                   agent,
		"monitor_fail":                 "write monitor: {path: /lb-health, fail_below: 1}",
		"acl":                          rule,
		"use_backend":                  rule,
		"http_request_deny":            "write a rule into rules of the frontend: {path_prefix: /admin/, deny: 403}",
		"http_request_redirect":        "write a rule into rules of the frontend: {path: /old, redirect: {location: /new, code: 301}}",
		"redirect_location":            "write a rule into rules of the frontend: {path: /old, redirect: {location: /new, code: 302}}",
		"redirect_prefix":              "write a rule into rules of the frontend: {host: old.example.com, redirect: {prefix: \"https://new.example.com\"}}",
		"http_request_return":          "write a rule into rules of the frontend: {path: /ping, return: {status: 200, body: pong}}",
		"http_request_set_header":      edit,
		"http_request_add_header":      "write it into request: [{add_header: {X-Name: value}}]",
		"http_request_del_header":      "write it into request: [{del_header: X-Name}]",
		"http_request_replace_header":  edit,
		"http_request_set_path":        path,
		"http_request_set_uri":         path,
		"http_request_replace_path":    path,
		"http_request_replace_uri":     path,
		"http_response_set_header":     answer,
		"http_response_add_header":     "write it into response: [{add_header: {X-Name: value}}]",
		"http_response_del_header":     "write it into response: [{del_header: X-Name}]",
		"http_response_replace_header": answer,
	}
}
