/* SPDX-License-Identifier: Apache-2.0 */
/* `outwork cedar …`: the policy language on the command line, used as other Cedar tools are. */
#ifndef OUTWORK_MAIN_CMD_CEDAR_H
#define OUTWORK_MAIN_CMD_CEDAR_H

/* argv[0] is "cedar", argv[1] the subcommand. Returns the exit code: authorize 0 allow, 2 deny;
 * validate 0 valid, 3 invalid; all: 1 when the input or the call is bad. Results go to standard
 * output, faults to standard error. */
int cmd_cedar(int argc, char **argv);

#endif
