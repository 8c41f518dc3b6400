-- The verdict store: written by kenchi-detector alone, read by kenchi.  Times are milliseconds since the epoch on
-- the exporters' clock unless a column says otherwise.  Raise user_version with every change.
PRAGMA journal_mode = WAL;
BEGIN IMMEDIATE; -- a kill leaves all of it or nothing
PRAGMA application_id = 1801809507; -- "kenc"
PRAGMA user_version = 1;

-- One row for each host that has been judged.
CREATE TABLE IF NOT EXISTS verdict (
    host TEXT PRIMARY KEY,
    verdict TEXT NOT NULL CHECK (verdict IN ('infected', 'normal', 'unknown')),
    score REAL NOT NULL,              -- 0 to 1, of the last window; of an infected host the greatest since since_ms
    peak_score REAL NOT NULL,         -- the greatest so far
    reason TEXT NOT NULL,             -- why unknown, or what speaks for the verdict, in a few words
    since_ms INTEGER NOT NULL,        -- when the present verdict fell
    first_detected_ms INTEGER,        -- when the host was first called infected; NULL: never
    first_seen_ms INTEGER NOT NULL,
    last_seen_ms INTEGER NOT NULL,    -- newest packet
    bins INTEGER NOT NULL,            -- minutes with traffic so far
    sampling_interval INTEGER NOT NULL,
    cannot_tell TEXT NOT NULL,        -- what the exporters could not tell, comma list; empty: nothing
    behaviours TEXT NOT NULL,         -- of an infected host, since since_ms: comma list of schemas/behaviours.def
    infected_ms INTEGER,              -- when the last infection was found, be it cleared or not; NULL: never
    evidence_ms INTEGER,              -- end of the last minute with a score that is enough for infected; NULL: never
    judged INTEGER NOT NULL,          -- windows judged below that score since then
    judged_ms INTEGER,                -- end of the newest of them; NULL: none
    alerted_ms INTEGER                -- the last alert; NULL: none
) WITHOUT ROWID;

-- Every change of a verdict, and updates of an infected one: what the alerts say.
CREATE TABLE IF NOT EXISTS event (
    id INTEGER PRIMARY KEY,
    time_ms INTEGER NOT NULL,
    host TEXT NOT NULL,
    act TEXT NOT NULL CHECK (act IN ('detected', 'updated', 'cleared')),
    verdict TEXT NOT NULL,
    score REAL NOT NULL,
    behaviours TEXT NOT NULL          -- comma list of names of schemas/behaviours.def
);
CREATE INDEX IF NOT EXISTS event_host ON event (host, time_ms);

-- The evidence for hosts that are flagged or near it: one row for each behaviour seen.
CREATE TABLE IF NOT EXISTS evidence (
    host TEXT NOT NULL,
    behaviour TEXT NOT NULL,          -- a name of schemas/behaviours.def
    first_ms INTEGER NOT NULL,        -- start of the first minute in which it was seen
    last_ms INTEGER NOT NULL,         -- end of the last one
    minutes INTEGER NOT NULL,         -- minutes in which it was seen
    measured REAL NOT NULL,           -- at its strongest
    threshold REAL NOT NULL,
    usual REAL NOT NULL,              -- what is usual on this network: the 95 % quantile
    strength REAL NOT NULL,           -- score of this evidence, 0 to 1
    unit TEXT NOT NULL,
    peers TEXT NOT NULL,              -- JSON array of {"peer","port","protocol","flows","octets_out","octets_in","answered"[,"begun_ms"][,"every_s"]}
    PRIMARY KEY (host, behaviour)
) WITHOUT ROWID;

-- Feature values of hosts that are flagged or near it, newest windows (bounded for each host).
CREATE TABLE IF NOT EXISTS feature (
    host TEXT NOT NULL,
    time_ms INTEGER NOT NULL,         -- end of the window
    score REAL NOT NULL,
    feature_values TEXT NOT NULL,     -- JSON object, names of schemas/features.def
    PRIMARY KEY (host, time_ms)
) WITHOUT ROWID;

-- Top peers of those hosts, for the reader's eye: numbers are those of the window in which they were greatest.
CREATE TABLE IF NOT EXISTS peer (
    host TEXT NOT NULL,
    peer TEXT NOT NULL,
    port INTEGER NOT NULL,
    protocol INTEGER NOT NULL,
    flows INTEGER NOT NULL,
    octets_out INTEGER NOT NULL,
    octets_in INTEGER NOT NULL,
    answered INTEGER NOT NULL,
    last_ms INTEGER NOT NULL,
    PRIMARY KEY (host, peer, port, protocol)
) WITHOUT ROWID;

-- How far each ring has been read, in the same transaction as the verdicts.
CREATE TABLE IF NOT EXISTS ring_position (
    worker INTEGER PRIMARY KEY,
    epoch INTEGER NOT NULL,
    sequence INTEGER NOT NULL
);

-- Alerts that have not been handed to every output yet: sent again after a kill, so that none is lost.
CREATE TABLE IF NOT EXISTS outbox (
    id INTEGER PRIMARY KEY,           -- of the event
    time_ms INTEGER NOT NULL,
    act TEXT NOT NULL,
    severity INTEGER NOT NULL,        -- 0 to 10, of CEF
    cef TEXT NOT NULL,
    ecs TEXT NOT NULL
);

-- Single values: clock_ms (newest export time dealt with), updated_wall_ms, model, monitored_hosts, version, ended,
-- collector_N (the last counters of worker N), infected_hosts, ring_missed, ring_refused, popped_N (epoch:sequence of
-- the newest entry of ring N that was taken: what comes again up to it, of minutes up to judged_minute, was judged).
CREATE TABLE IF NOT EXISTS state (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

COMMIT;
