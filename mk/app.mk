# SPDX-License-Identifier: Apache-2.0
# Files that travel inside the program (src/app/demo/tables.c).
$(B)/src/app/demo/tables.o: demo/people.tsv demo/channels.tsv demo/week.tsv policies/base.cedar
