#include "tests/support/assessments.h"

struct assessment
assessments_quiet(unsigned host, unsigned minute)
{
	int64_t end_ms = ((int64_t)ASSESSMENTS_MINUTE + minute + 1) * 60000;

	return (struct assessment){
		.host = host_address_from_ipv4(0x0a000000 + host),
		.time_ms = end_ms + 5000,
		.bin_end_ms = end_ms,
		.enough = true,
		.score = 0.1,
		.sampling_interval = 1,
	};
}

void
assessments_add(struct assessment *assessment, enum behaviour behaviour, double strength)
{
	struct evidence *evidence = &assessment->evidence[assessment->evidence_count++];

	*evidence = (struct evidence){
		.behaviour = behaviour,
		.measured = 750,
		.threshold = 40,
		.usual = 3,
		.strength = strength,
		.peer_count = 1,
	};
	evidence->peers[0] = (struct evidence_peer){
		.peer = host_address_from_ipv4(0xc6336401),
		.octets = { 4000, 60 },
		.flows = 80,
		.port = 445,
		.protocol = 6,
	};
	if (strength > assessment->score)
		assessment->score = strength;
}

struct assessment
assessments_scan(unsigned host, unsigned minute, double strength)
{
	struct assessment assessment = assessments_quiet(host, minute);

	assessments_add(&assessment, BEHAVIOUR_horizontal_scan, strength);
	return assessment;
}
