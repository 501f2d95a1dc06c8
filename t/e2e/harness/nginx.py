"""What the configurations of nginx in the tests begin with."""

# In one process, in the foreground. For str.format, with the `folder` of its files.
START = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr;
"""

# The servers of the block `http`, and the end of that block, follow.
HTTP = START + """
events {{ worker_connections 100; }}
http {{
  access_log off;
"""
