export default { basename: "/shop/" };
