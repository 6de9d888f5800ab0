package page

import "relais/stats"

// banner is one thing that must not be missed, above all figures.
type banner struct {
	Level   string // good, warn or bad: the class
	Mark    string
	Text    string
	Dismiss string // the page without it; empty: it goes when its cause does
}

func newBanners(p *stats.Process, o Options) []banner {
	banners := outcomeBanner(o)
	if p.ReloadFault != "" {
		banners = append(banners, banner{"bad", mark("bad"), "The last reload was refused: " + p.ReloadFault, ""})
	}
	if p.ConfigFault != "" {
		banners = append(banners, banner{"bad", mark("bad"), "The configuration on disk is not valid; a restart would fail: " + p.ConfigFault, ""})
	}
	if p.ConfigPending {
		banners = append(banners, banner{"warn", mark("warn"), "The configuration on disk has changed since it was loaded; reload to put it in force", ""})
	}
	return banners
}

// outcomeBanner says in HAProxy's words how the change went that the user has just asked for.
func outcomeBanner(o Options) []banner {
	if o.Outcome == "" {
		return nil
	}
	level, text := "bad", "Unexpected result."
	switch o.Outcome {
	case stats.OutcomeDone:
		level, text = "good", "Action processed successfully."
	case stats.OutcomePartial:
		level, text = "warn", "Action partially processed. Some server names are probably unknown or ambiguous (duplicated names in the backend)."
	case stats.OutcomeNone:
		level, text = "warn", "Nothing has changed."
	case stats.OutcomeParameters:
		text = "Action not processed because of invalid parameters."
	case stats.OutcomeExceeded:
		text = "Action not processed : the buffer couldn't store all the data. You should retry with less servers at a time."
	case stats.OutcomeDenied:
		text = "Action denied."
	case stats.OutcomeInvalid:
		text = "Invalid requests (unsupported method or chunked encoded request)."
	}
	return []banner{{level, mark(level), text, o.address(func(*stats.Options) {})}}
}
